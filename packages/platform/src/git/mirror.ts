import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import { isErrno } from '../local/disk.ts';
import { removeTree } from '../local/file-tree.ts';
import { mirrorName, type Remote, shownAddress } from './address.ts';
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
  /** The full name of a commit whose beginning this is; null where none or several match. */
  expand(beginning: string): Promise<string | null>;
  fetchRef(name: string, sha: string, words: Words): Promise<void>;
  fetchCommit(sha: string, words: Words): Promise<void>;
  fetchAll(words: Words): Promise<void>;
}

async function removeLocks(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && entry.name !== 'objects') await removeLocks(path);
    else if (entry.name.endsWith('.lock')) await rm(path, { force: true });
  }
}

export async function openMirror(git: Git, directory: string, remote: Remote): Promise<Mirror> {
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

  async function fetch(refspecs: readonly string[], words: Words): Promise<void> {
    const args = [
      'fetch',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      '--no-recurse-submodules',
      '--force',
      '--end-of-options',
      address.url,
      ...refspecs,
    ];
    await underLock(`${gitDir}.lock`, words.signal, async () => {
      // Nobody else writes here now: what is locked inside was left by one that was killed.
      await removeLocks(gitDir);
      await git.run(args, { remote, gitDir, ...words });
    });
  }

  async function has(sha: string): Promise<boolean> {
    try {
      await git.run(['cat-file', '-e', `${sha}^{commit}`], { remote: null, gitDir });
      return true;
    } catch (error) {
      if (error instanceof SwitchyardError) return false;
      throw error;
    }
  }

  const keepName = (name: string) => `refs/switchyard/${name.replace(/^refs\//, '')}`;
  const fetchAll = (words: Words) =>
    fetch(['+refs/heads/*:refs/switchyard/heads/*', '+refs/tags/*:refs/switchyard/tags/*'], words);

  return {
    gitDir,
    has,
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
    async fetchRef(name, sha, words) {
      if (await has(sha)) return;
      await fetch([`+${name}:${keepName(name)}`], words);
      // The ref moved since it was looked up: the commit that was meant is fetched by itself.
      if (!(await has(sha))) await fetch([`+${sha}:refs/switchyard/commits/${sha}`], words);
    },
    async fetchCommit(sha, words) {
      if (await has(sha)) return;
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
    },
    fetchAll,
  };
}
