import { randomBytes } from 'node:crypto';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { LIMITS, type SourceCredential, SwitchyardError } from '@switchyard/domain';
import type { Egress } from '../network/egress.ts';
import { parseAddress, type Remote, remoteOf, shownAddress } from './address.ts';
import type { Git } from './git-command.ts';
import { fillLargeFiles } from './large-files.ts';
import type { Mirror } from './mirror.ts';
import { parseTree } from './source-tree.ts';
import { refused, type Submodule, submodulesOf } from './submodule.ts';

export interface CheckoutParts {
  readonly git: Git;
  readonly egress: Egress;
  readonly certificates: string | null;
  /** Of the app; shown to the submodules of its own host too. */
  readonly credential: SourceCredential | null;
  readonly signal: AbortSignal;
  readonly onOutput: (chunk: Buffer) => void;
  openMirror(remote: Remote): Promise<Mirror>;
  /** Rejects where the remote's host does not let this credential read it. */
  mayRead(remote: Remote): Promise<void>;
}

interface Level {
  readonly depth: number;
  readonly budget: { left: number };
}

/** Writes a commit's tree into a directory, with its files of Git LFS and its submodules. The mirror has the commit. */
export async function checkOut(
  parts: CheckoutParts,
  remote: Remote,
  { mirror, sha, into }: { mirror: Mirror; sha: string; into: string },
  level: Level = { depth: 0, budget: { left: LIMITS.maxSubmodules } },
): Promise<void> {
  const { git, signal, onOutput } = parts;
  const { gitDir } = mirror;
  await mkdir(into, { recursive: true });
  const index = join(gitDir, `index-${randomBytes(6).toString('hex')}`);
  const env = { GIT_INDEX_FILE: index, GIT_WORK_TREE: into };
  const run = (...args: string[]) => git.run(args, { remote: null, gitDir, env, signal, onOutput });
  // First: a commit of a few kilobytes can name more files than a disk holds, and Git would write them.
  const tree = await listTree(git, mirror, sha, remote);
  try {
    await run('read-tree', '--end-of-options', sha);
    await run('checkout-index', '--all', '--force', '--quiet');
    await fillLargeFiles({ git, remote, gitDir, sha, tree, into, env, signal, onOutput }, parts);
  } finally {
    await rm(index, { force: true });
  }
  for (const submodule of await readSubmodules(git, mirror, sha, tree, remote))
    await checkOutSubmodule(parts, remote, submodule, into, level);
}

/** All files of a commit, as `parseTree` reads them. Rejects with `source-too-large`. */
async function listTree(git: Git, { gitDir }: Mirror, sha: string, { address }: Remote): Promise<string> {
  const tooLarge = (what: string) =>
    new SwitchyardError(
      'source-too-large',
      `The files of ${sha.slice(0, 10)} of ${shownAddress(address)} ${what}. Take out what is generated or was added by mistake.`,
    );
  const most = { bytes: LIMITS.maxTreeListBytes, beyond: () => tooLarge('are more than can be listed here') };
  const tree = (await git.run(['ls-tree', '-r', '-l', '-z', sha], { remote: null, gitDir, most })).toString();
  const bytes = [...parseTree(tree).values()].reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > LIMITS.maxRepositoryBytes)
    throw tooLarge(
      `have ${Math.round(bytes / 1024 ** 2)} MiB, and ${LIMITS.maxRepositoryBytes / 1024 ** 2} MiB is the most`,
    );
  return tree;
}

async function readSubmodules(
  git: Git,
  { gitDir }: Mirror,
  sha: string,
  tree: string,
  { address }: Remote,
): Promise<Submodule[]> {
  if (!/(?:^|\0)160000 /.test(tree) || !/\t\.gitmodules\0/.test(tree)) return [];
  const modules = await git.run(['config', '--blob', `${sha}:.gitmodules`, '--list', '-z'], { remote: null, gitDir });
  return submodulesOf(modules.toString(), tree, address.url);
}

async function checkOutSubmodule(
  parts: CheckoutParts,
  parent: Remote,
  { path, url, sha }: Submodule,
  into: string,
  { depth, budget }: Level,
): Promise<void> {
  budget.left -= 1;
  if (budget.left < 0) throw refused(path, `a commit may have ${LIMITS.maxSubmodules} submodules at most`);
  if (depth >= LIMITS.maxSubmoduleDepth)
    throw refused(path, `submodules may be ${LIMITS.maxSubmoduleDepth} levels deep at most`);
  try {
    // A directory of this machine only beside another one.
    const remote = remoteOf(parseAddress(url, parent.address.kind === 'file'), parts.credential);
    await parts.mayRead(remote);
    const mirror = await parts.openMirror(remote);
    const { signal, onOutput } = parts;
    onOutput(Buffer.from(`Submodule ${path}\n`));
    await mirror.fetchCommit(sha, { signal, onOutput });
    const target = join(into, path);
    await mkdir(target, { recursive: true });
    if (!isInside(await realpath(into), await realpath(dirname(target))))
      throw refused(path, 'its path leads out of the tree');
    await checkOut(parts, remote, { mirror, sha, into: target }, { depth: depth + 1, budget });
  } catch (error) {
    if (!(error instanceof SwitchyardError) || error.fault !== 'user' || error.code === 'submodule-refused')
      throw error;
    throw refused(path, error.message.replace(/\.$/, ''), error);
  }
}

const isInside = (base: string, path: string): boolean => path === base || path.startsWith(`${base}${sep}`);
