import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import { isErrno } from '../local/disk.ts';
import { removeTree } from '../local/file-tree.ts';
import { mirrorName, type Remote, shownAddress } from './address.ts';
import { bytesBelow, watchGrowth } from './directory-size.ts';
import type { Git, GitOptions } from './git-command.ts';
import { underLock } from './mirror-lock.ts';

type Words = Pick<GitOptions, 'signal' | 'onOutput'>;

/**
 * A bare repository of our own per address. Refs of the remote are kept under their names below `refs/switchyard/`, commits that were asked for by name
 * below `refs/switchyard/commits/`, so that nothing that was deployed is ever collected. No address is in its configuration.
 */
export interface Mirror {
  readonly gitDir: string;
  has(sha: string): Promise<boolean>;
  /** For two commits that are here. */
  isAncestor(sha: string, of: string): Promise<boolean>;
  /** The full name of a commit whose beginning this is; null where none or several match. */
  expand(beginning: string): Promise<string | null>;
  /** Whether it is on a branch or in a tag of the repository, as far as these were fetched. */
  isReachable(sha: string): Promise<boolean>;
  fetchRef(name: string, sha: string, words: Words): Promise<void>;
  fetchCommit(sha: string, words: Words): Promise<void>;
  fetchAll(words: Words): Promise<void>;
}

/** A repository that grows beyond `wholeBytes` when it is first fetched becomes a partial one; one beyond `maxBytes` is refused. */
export interface RepositoryLimits {
  readonly wholeBytes: number;
  readonly maxBytes: number;
}

/** Names the remote where Git needs a name for it; its address is given with each call. */
const REMOTE = 'origin';

function tooLarge(address: Remote['address'], bytes: number): SwitchyardError {
  const megabytes = Math.round(bytes / 1024 ** 2);
  return new SwitchyardError(
    'source-too-large',
    `${shownAddress(address)} needs more than the ${megabytes} MiB that a repository may have here. Take large files out of its history, or move them to Git LFS.`,
    { megabytes },
  );
}

async function removeLocks(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && entry.name !== 'objects') await removeLocks(path);
    else if (entry.name.endsWith('.lock')) await rm(path, { force: true });
  }
}

export async function openMirror(
  git: Git,
  directory: string,
  remote: Remote,
  limits: RepositoryLimits,
): Promise<Mirror> {
  const { address } = remote;
  const gitDir = join(directory, `${mirrorName(address)}.git`);
  if (!existsSync(gitDir)) {
    await mkdir(directory, { recursive: true });
    const making = join(directory, `.making-${randomBytes(6).toString('hex')}`);
    await git.run(['init', '--bare', '--quiet', '--template=', '--', making], { remote: null });
    await rename(making, gitDir).catch(async (error: unknown) => {
      await removeTree(making);
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    });
  }

  // When it was last used, for whoever has to free the disk.
  const now = new Date();
  await utimes(gitDir, now, now);

  const partialMark = join(gitDir, 'switchyard-partial');
  const isPartial = () => existsSync(partialMark);

  /** One fetch, ended when what is on disk grows beyond the limit. */
  async function fetchUpTo(growthBytes: number, args: readonly string[], words: Words, input?: string): Promise<void> {
    const from = [
      ...(isPartial() ? ['-c', `remote.${REMOTE}.url=${address.url}`, '-c', 'fetch.negotiationAlgorithm=noop'] : []),
      'fetch',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      '--no-recurse-submodules',
      '--force',
      ...(isPartial() ? ['--filter=blob:none'] : []),
    ];
    const watch = watchGrowth(join(gitDir, 'objects'), growthBytes, () => tooLarge(address, limits.maxBytes));
    const signal = words.signal === undefined ? watch.signal : AbortSignal.any([words.signal, watch.signal]);
    try {
      await git.run([...from, ...args], {
        remote,
        gitDir,
        ...words,
        signal,
        ...(input === undefined ? {} : { input }),
      });
      // Faster than it was looked at.
      await watch.check();
    } catch (error) {
      if (error instanceof SwitchyardError && error.code === 'source-too-large') await forgetAll();
      throw error;
    } finally {
      watch.stop();
    }
  }

  /** Nothing of what is too large stays on the disk. */
  async function forgetAll(): Promise<void> {
    await removeTree(join(gitDir, 'objects'));
    await removeTree(join(gitDir, 'refs'));
    await rm(join(gitDir, 'packed-refs'), { force: true });
    await git.run(['init', '--bare', '--quiet', '--template=', '--', gitDir], { remote: null });
  }

  /** From now on only commits and trees come with history, and contents with the commits that are deployed. */
  async function becomePartial(): Promise<void> {
    for (const [key, value] of [
      ['extensions.partialClone', REMOTE],
      [`remote.${REMOTE}.promisor`, 'true'],
      [`remote.${REMOTE}.partialclonefilter`, 'blob:none'],
    ] as const)
      await git.run(['config', key, value], { remote: null, gitDir });
    await writeFile(partialMark, '');
  }

  async function fetchLocked(refspecs: readonly string[], words: Words): Promise<void> {
    // Nobody else writes here now: what is locked inside was left by one that was killed.
    await removeLocks(gitDir);
    const target = () => ['--end-of-options', isPartial() ? REMOTE : address.url, ...refspecs];
    const mayBePartial = address.kind !== 'file' && !isPartial();
    const free = Math.max(0, limits.maxBytes - (await bytesBelow(join(gitDir, 'objects'))));
    if (mayBePartial && limits.wholeBytes < free) {
      try {
        await fetchUpTo(limits.wholeBytes, target(), words);
        return;
      } catch (error) {
        if (!(error instanceof SwitchyardError) || error.code !== 'source-too-large') throw error;
        await becomePartial();
        words.onOutput?.(
          Buffer.from('The repository is large: its history is fetched without the contents of files.\n'),
        );
      }
    }
    await fetchUpTo(free, target(), words);
  }

  const fetch = (refspecs: readonly string[], words: Words) =>
    underLock(`${gitDir}.lock`, words.signal, () => fetchLocked(refspecs, words));

  /** Contents of a commit's files, all at once, where the mirror keeps none of those that were not asked for. */
  async function complete(sha: string, words: Words): Promise<void> {
    if (!isPartial()) return;
    const list = [
      'rev-list',
      '--objects',
      '--no-object-names',
      '--missing=print',
      '--no-walk',
      '--end-of-options',
      sha,
    ];
    const missing = (await git.run(list, { remote: null, gitDir }))
      .toString()
      .split('\n')
      .flatMap((line) => (line.startsWith('?') ? [line.slice(1)] : []));
    if (missing.length === 0) return;
    await underLock(`${gitDir}.lock`, words.signal, async () => {
      await removeLocks(gitDir);
      const free = Math.max(0, limits.maxBytes - (await bytesBelow(join(gitDir, 'objects'))));
      await fetchUpTo(free, ['--stdin', '--end-of-options', REMOTE], words, missing.map((oid) => `${oid}\n`).join(''));
    });
  }

  /** Whether Git says yes to a question about what is here. */
  async function says(...question: string[]): Promise<boolean> {
    try {
      await git.run(question, { remote: null, gitDir });
      return true;
    } catch (error) {
      if (error instanceof SwitchyardError) return false;
      throw error;
    }
  }

  const has = async (sha: string): Promise<boolean> => await says('cat-file', '-e', `${sha}^{commit}`);

  const keepName = (name: string) => `refs/switchyard/${name.replace(/^refs\//, '')}`;
  const fetchAll = (words: Words) =>
    fetch(['+refs/heads/*:refs/switchyard/heads/*', '+refs/tags/*:refs/switchyard/tags/*'], words);

  return {
    gitDir,
    has,
    isAncestor: async (sha, of) => await says('merge-base', '--is-ancestor', sha, of),
    async expand(beginning) {
      try {
        const answer = await git.run(
          ['rev-parse', '--verify', '--quiet', '--end-of-options', `${beginning}^{commit}`],
          { remote: null, gitDir },
        );
        return answer.toString().trim();
      } catch (error) {
        if (error instanceof SwitchyardError) return null;
        throw error;
      }
    },
    async isReachable(sha) {
      const places = ['refs/switchyard/heads', 'refs/switchyard/tags'];
      const args = ['for-each-ref', '--count=1', '--format=%(refname)', `--contains=${sha}`, ...places];
      return (await git.run(args, { remote: null, gitDir })).length > 0;
    },
    async fetchRef(name, sha, words) {
      if (!(await has(sha))) await fetch([`+${name}:${keepName(name)}`], words);
      // The ref moved since it was looked up: the commit that was meant is fetched by itself.
      if (!(await has(sha))) await fetch([`+${sha}:refs/switchyard/commits/${sha}`], words);
      await complete(sha, words);
    },
    async fetchCommit(sha, words) {
      if (await has(sha)) return await complete(sha, words);
      try {
        await fetch([`+${sha}:refs/switchyard/commits/${sha}`], words);
      } catch (error) {
        if (!(error instanceof SwitchyardError) || error.code !== 'ref-not-found') throw error;
        // Some hosts give a commit only along with a ref.
        await fetchAll(words);
      }
      if (!(await has(sha))) {
        throw new SwitchyardError(
          'ref-not-found',
          `${shownAddress(address)} has no commit ${sha}. Check that it was pushed.`,
          { sha },
        );
      }
      await complete(sha, words);
    },
    fetchAll,
  };
}
