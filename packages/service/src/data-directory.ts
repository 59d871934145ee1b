import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { Farm, HostId, type Ids, SwitchyardError } from '@switchyard/domain';
import { makeDirectory } from './make-directory.ts';

/** Paths of a data directory. Everything that Switchyard keeps on a host's disk is below one of these. */
export interface DataDirectory {
  readonly path: string;
  readonly blobs: string;
  readonly adminTokenFile: string;
  readonly secretKeyFile: string;
  /** This host's id; made when the directory is new. */
  readonly hostId: HostId;
  /** The farm as this directory remembers it; null when it is new. */
  knownFarm(): Promise<Pick<Farm, 'id' | 'epoch'> | null>;
  rememberFarm(farm: Farm): Promise<void>;
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Writes beside and renames, so that a reader never sees half of it. */
async function writeWhole(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await writeFile(beside, text, { mode: 0o600 });
  await rename(beside, path);
}

/**
 * Reads a file; where there is none, writes `make()` unless another process is first, and reads what holds. Linked when it is whole: a
 * process that starts at the same time must not read half of a key.
 */
async function readOrMake(path: string, make: () => string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
  const beside = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(beside, make(), { mode: 0o600, flag: 'wx' });
    await link(beside, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  } finally {
    await rm(beside, { force: true });
  }
  return await readFile(path, 'utf8');
}

/** Opens (and makes) a data directory. Rejects with `config-invalid` when it can't be written. */
export async function openDataDirectory(path: string, ids: Ids): Promise<DataDirectory> {
  const root = isAbsolute(path) ? path : resolve(path);
  const farmFile = join(root, 'farm.json');
  try {
    await makeDirectory(join(root, 'blobs'));
    const hostId = HostId.parse((await readOrMake(join(root, 'host-id'), () => `${ids('host')}\n`)).trim());
    return {
      path: root,
      blobs: join(root, 'blobs'),
      adminTokenFile: join(root, 'admin-token'),
      secretKeyFile: join(root, 'secret-key'),
      hostId,
      async knownFarm() {
        try {
          return Farm.pick({ id: true, epoch: true }).parse(JSON.parse(await readFile(farmFile, 'utf8')));
        } catch (error) {
          if (isErrno(error, 'ENOENT')) return null;
          throw new SwitchyardError(
            'config-invalid',
            `${farmFile} is not readable; put back a copy from a backup or remove it`,
            {},
            error,
          );
        }
      },
      async rememberFarm(farm) {
        await writeWhole(farmFile, `${JSON.stringify({ id: farm.id, epoch: farm.epoch })}\n`);
      },
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SwitchyardError(
      'config-invalid',
      `The data directory ${root} can't be used (${reason}). Make it writable, or set SWITCHYARD_DATA_DIR to another one.`,
      {},
      error,
    );
  }
}

/** The admin token: 32 random bytes as hex in a file of mode 600, made when missing. */
export async function readAdminToken(file: string): Promise<string> {
  return (await readOrMake(file, () => `${randomBytes(32).toString('hex')}\n`)).trim();
}
