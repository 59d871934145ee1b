import { constants } from 'node:fs';
import { chmod, copyFile, lstat, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS, SwitchyardError } from '@switchyard/domain';
import { isErrno } from '../local/disk.ts';
import type { Egress } from '../network/egress.ts';
import { type Remote, shownAddress } from './address.ts';
import type { Git } from './git-command.ts';
import { fetchObjects, type LfsServer } from './lfs-client.ts';
import { type LfsPointer, MAX_POINTER_BYTES, parsePointer } from './lfs-pointer.ts';
import { parseTree } from './source-tree.ts';

/** A commit that is checked out, and what it takes to complete it. */
export interface Checkout {
  readonly git: Git;
  readonly remote: Remote;
  readonly gitDir: string;
  readonly sha: string;
  /** Its files, as `parseTree` reads them. */
  readonly tree: string;
  readonly into: string;
  /** `GIT_INDEX_FILE` and `GIT_WORK_TREE` of the checkout. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onOutput: (chunk: Buffer) => void;
}

interface PointerFile extends LfsPointer {
  readonly path: string;
  readonly mode: number;
}

/** Empty where there is no file: a checkout may leave it out. */
async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
}

/** Small files whose attributes say `filter=lfs` and whose content is a pointer. */
async function pointersOf({ git, gitDir, tree, into, env }: Checkout): Promise<PointerFile[]> {
  const blobs = [...parseTree(tree)].filter(([, { type, mode }]) => type === 'blob' && mode !== '120000');
  const attributes = blobs.filter(([path]) => path === '.gitattributes' || path.endsWith('/.gitattributes'));
  const texts = await Promise.all(attributes.map(([path]) => textOf(join(into, path))));
  if (!texts.some((text) => /filter=lfs/.test(text))) return [];
  const small = blobs.filter(([, { bytes }]) => bytes > 0 && bytes <= MAX_POINTER_BYTES).map(([path]) => path);
  const checked = await git.run(['check-attr', '--stdin', '-z', '--cached', 'filter'], {
    remote: null,
    gitDir,
    env,
    input: small.map((path) => `${path}\0`).join(''),
  });
  const words = checked.toString().split('\0');
  const found: PointerFile[] = [];
  for (let at = 0; at + 2 < words.length; at += 3) {
    const [path = '', , value] = words.slice(at, at + 3);
    if (value !== 'lfs') continue;
    const { mode } = await lstat(join(into, path));
    const pointer = parsePointer(await readFile(join(into, path), 'utf8'));
    if (pointer !== null) found.push({ ...pointer, path, mode });
  }
  return found;
}

/** Where the repository's host serves LFS, unless its `.lfsconfig` says otherwise. Only its own origin is shown the token. */
async function serverOf({ git, gitDir, sha, remote }: Checkout): Promise<LfsServer> {
  const { address, credential } = remote;
  const set = await git
    .run(['config', '--blob', `${sha}:.lfsconfig`, '--get', 'lfs.url'], { remote: null, gitDir })
    .then((text) => text.toString().trim())
    .catch((error: unknown) => {
      if (error instanceof SwitchyardError) return '';
      throw error;
    });
  const own = ownServer(address);
  const text = set === '' ? own : set;
  if (text === null || !/^https?:\/\//.test(text) || !URL.canParse(text))
    throw new SwitchyardError(
      'lfs-object-missing',
      `${shownAddress(address)} uses Git LFS, and no http(s) address is known where its files are served. Set lfs.url in .lfsconfig.`,
    );
  const url = new URL(text);
  const isOwn = address.kind === 'http' && new URL(address.url).origin === url.origin;
  if (!isOwn || credential?.kind !== 'token') return { url, headers: {} };
  const basic = Buffer.from(`${credential.username}:${credential.token}`).toString('base64');
  return { url, headers: { authorization: `Basic ${basic}` } };
}

/** A forge that is reached over ssh serves LFS over https under the same path. */
function ownServer(address: Remote['address']): string | null {
  const suffix = (path: string): string => `${path.replace(/\/+$/, '').replace(/(?:\.git)?$/, '.git')}/info/lfs`;
  switch (address.kind) {
    case 'http':
      return suffix(address.url);
    case 'ssh': {
      const path = address.url.startsWith('ssh://')
        ? new URL(address.url).pathname
        : `/${address.url.slice(address.url.indexOf(':') + 1)}`;
      return suffix(`https://${address.hostname}${path}`);
    }
    case 'file':
      return null;
  }
}

/** Puts the files of Git LFS in place of their pointers. */
export async function fillLargeFiles(
  checkout: Checkout,
  options: { egress: Egress; certificates: string | null },
): Promise<void> {
  const { gitDir, into, signal, onOutput, remote } = checkout;
  const files = await pointersOf(checkout);
  if (files.length === 0) return;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > LIMITS.maxRepositoryBytes)
    throw new SwitchyardError(
      'source-too-large',
      `The files of Git LFS of ${shownAddress(remote.address)} have ${Math.round(bytes / 1024 ** 2)} MiB, and ${LIMITS.maxRepositoryBytes / 1024 ** 2} MiB is the most.`,
    );
  onOutput(Buffer.from(`Fetching ${files.length} ${files.length === 1 ? 'file' : 'files'} of Git LFS\n`));
  const kept = join(gitDir, 'lfs');
  await fetchObjects(await serverOf(checkout), files, kept, { ...options, signal });
  for (const { path, oid, mode } of files) {
    const target = join(into, path);
    const beside = `${target}.lfs-${process.pid}`;
    await copyFile(join(kept, oid), beside, constants.COPYFILE_FICLONE);
    await chmod(beside, mode & 0o777);
    await rename(beside, target);
  }
}
