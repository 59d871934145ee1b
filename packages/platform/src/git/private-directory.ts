import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, pidNamespace, processEntry } from '../local/process-table.ts';

/** Where a secret may be a file for the length of a call. */
export interface PrivateDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

const MEMORY = '/dev/shm';
const PREFIX = 'switchyard-private-';

/** In memory where the system has a place for that; else below the data directory. */
async function baseOf(dataDir: string): Promise<string> {
  try {
    await access(MEMORY, constants.W_OK | constants.X_OK);
    return MEMORY;
  } catch {
    const base = join(dataDir, 'private');
    await mkdir(base, { recursive: true, mode: 0o700 });
    return base;
  }
}

/** What processes that were killed have left: their names say whose they are. */
async function removeAbandoned(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    if (!name.startsWith(PREFIX)) continue;
    const [, namespace, pid, startedAt = ''] = /^(\d*)-(\d+)-(.*)-[0-9a-f]+$/.exec(name.slice(PREFIX.length)) ?? [];
    // Pids of another namespace mean nothing here.
    if (namespace === ownNamespace() && !isAlive(Number(pid), startedAt))
      await rm(join(base, name), { recursive: true, force: true }).catch(() => {});
  }
}

const ownNamespace = (): string => (pidNamespace('self') ?? '').replace(/\D/g, '');

const looked = new Set<string>();

export async function openPrivateDirectory(dataDir: string): Promise<PrivateDirectory> {
  const base = await baseOf(dataDir);
  if (!looked.has(base)) {
    looked.add(base);
    await removeAbandoned(base);
  }
  const startedAt = processEntry(process.pid)?.startedAt ?? '';
  const path = join(base, `${PREFIX}${ownNamespace()}-${process.pid}-${startedAt}-${randomBytes(6).toString('hex')}`);
  await mkdir(path, { mode: 0o700 });
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
