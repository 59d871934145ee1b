import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Commit, LIMITS, SwitchyardError } from '@switchyard/domain';
import { makeCertificates } from '../local/certificates.ts';
import { onDisk } from '../local/disk.ts';
import type { PlatformOptions, Sources, SourceTree } from '../platform.ts';
import { type Address, parseAddress, shownAddress } from './address.ts';
import { type Git, type GitOptions, openGit } from './git-command.ts';
import { type Mirror, openMirror } from './mirror.ts';
import { candidates, commitOf, parseRef, parseRemoteRefs } from './ref.ts';
import { openSourceTree } from './source-tree.ts';

type Words = Pick<GitOptions, 'signal' | 'onOutput'>;

const MAX_MESSAGE = 200;
const MAX_TREES = 4;
const HEADS = 'refs/heads/';

function notFound(address: Address, what: string): SwitchyardError {
  return new SwitchyardError(
    'ref-not-found',
    `${shownAddress(address)} has no ${what}. Check the name, and that it was pushed.`,
    {},
  );
}

/** The `git` command on mirrors below the data directory. */
export function openSources(
  options: Pick<PlatformOptions, 'dataDir' | 'allowFileRepositories' | 'extraCaCerts' | 'proxyVariables'>,
): Sources {
  const mirrors = join(options.dataDir, 'mirrors');
  let opened: Promise<Git> | undefined;
  const git = () => {
    opened ??= makeCertificates(options.dataDir, options.extraCaCerts).then((certificates) =>
      openGit({
        dataDir: options.dataDir,
        allowFileRepositories: options.allowFileRepositories,
        certificates: certificates?.all ?? null,
        proxyVariables: options.proxyVariables ?? {},
      }),
    );
    return opened;
  };
  const parse = (repository: string) => parseAddress(repository, options.allowFileRepositories);

  async function remoteRefs(address: Address, patterns: readonly string[], words: Words) {
    const args = ['ls-remote', '--symref', '--end-of-options', address.url, 'HEAD', ...patterns];
    return parseRemoteRefs((await (await git()).run(args, { address, ...words })).toString());
  }

  /** Which commit is meant, with the commit in the mirror. */
  async function resolve(
    address: Address,
    mirror: Mirror,
    ref: string | null,
    words: Words,
  ): Promise<{ sha: string; branch: string | null }> {
    const wanted = parseRef(ref, LIMITS.maxRefLength);
    if (wanted.kind === 'sha') {
      await mirror.fetchCommit(wanted.sha, words);
      return { sha: wanted.sha, branch: null };
    }
    const names = wanted.kind === 'name' ? candidates(wanted.name) : [];
    const remote = await remoteRefs(
      address,
      names.flatMap((name) => [name, `${name}^{}`]),
      words,
    );
    if (wanted.kind === 'default') {
      const sha = commitOf(remote, 'HEAD');
      if (sha === null) throw notFound(address, 'commits yet');
      await mirror.fetchRef(remote.head ?? 'HEAD', sha, words);
      return { sha, branch: remote.head?.replace(/^refs\/heads\//, '') ?? null };
    }
    for (const name of names) {
      const sha = commitOf(remote, name);
      if (sha === null) continue;
      await mirror.fetchRef(name, sha, words);
      return { sha, branch: name.startsWith('refs/heads/') ? name.slice('refs/heads/'.length) : null };
    }
    if (!wanted.abbreviates) throw notFound(address, `branch or tag ${wanted.name}`);
    let sha = await mirror.expand(wanted.name);
    if (sha === null) {
      await mirror.fetchAll(words);
      sha = await mirror.expand(wanted.name);
    }
    if (sha === null)
      throw notFound(address, `branch or tag ${wanted.name}, and no commit whose name begins so and with no other`);
    return { sha, branch: null };
  }

  /**
   * Trees of the last commits: three stages of a deployment look into the same one, each Git that need not run again is some 10 ms, and
   * what a commit holds never changes. One that could not be read is forgotten.
   */
  const trees = new Map<string, Promise<SourceTree>>();
  function keptTree(key: string, open: () => Promise<SourceTree>) {
    const tree = trees.get(key) ?? open();
    trees.delete(key);
    trees.set(key, tree);
    for (const oldest of trees.keys()) {
      if (trees.size <= MAX_TREES) break;
      trees.delete(oldest);
    }
    // Whoever asks first hears of a failure; nobody has to.
    tree.catch(() => {});
    return async <Answer>(ask: (tree: SourceTree) => Promise<Answer>): Promise<Answer> => {
      try {
        return await ask(await tree);
      } catch (error) {
        if (trees.get(key) === tree) trees.delete(key);
        throw error;
      }
    };
  }

  return {
    checkAddress(repository) {
      parse(repository);
    },
    async pin({ repository, ref, signal, onOutput }) {
      const address = parse(repository);
      return await onDisk('fetching a repository', async () => {
        const mirror = await openMirror(await git(), mirrors, address);
        const { sha, branch } = await resolve(address, mirror, ref, { signal, onOutput });
        const format = '--format=%H%x00%ct%x00%an%x00%s';
        const text = await (await git()).run(
          ['log', '-1', '--no-show-signature', '--encoding=UTF-8', format, '--end-of-options', sha, '--'],
          { address: null, gitDir: mirror.gitDir },
        );
        const [full, seconds, author, message] = text.toString().trimEnd().split('\0');
        return Commit.parse({
          sha: full,
          branch,
          author,
          message: message?.slice(0, MAX_MESSAGE),
          at: Number(seconds) * 1000,
        });
      });
    },
    async checkout({ repository, sha, into, signal, onOutput }) {
      const address = parse(repository);
      return await onDisk('checking out a commit', async () => {
        const mirror = await openMirror(await git(), mirrors, address);
        const fetched = !(await mirror.has(sha));
        if (fetched) await mirror.fetchCommit(sha, { signal, onOutput });
        await mkdir(into, { recursive: true });
        const index = join(mirror.gitDir, `index-${randomBytes(6).toString('hex')}`);
        const env = { GIT_INDEX_FILE: index, GIT_WORK_TREE: into };
        const run = async (...args: string[]) =>
          await (await git()).run(args, { address: null, gitDir: mirror.gitDir, env, signal, onOutput });
        try {
          await run('read-tree', '--end-of-options', sha);
          await run('checkout-index', '--all', '--force', '--quiet');
        } finally {
          await rm(index, { force: true });
        }
        return { fetched };
      });
    },
    async head({ repository, branch, signal }) {
      const address = parse(repository);
      const wanted = parseRef(branch, LIMITS.maxRefLength);
      if (wanted.kind === 'sha') return null;
      const [name = 'HEAD'] = wanted.kind === 'name' ? candidates(wanted.name) : [];
      const remote = await remoteRefs(address, name === 'HEAD' ? [] : [name], { signal });
      const sha = commitOf(remote, name);
      const full = name === 'HEAD' ? remote.head : name;
      return sha === null || !full?.startsWith(HEADS) ? null : { branch: full.slice(HEADS.length), sha };
    },
    async isAncestor(repository, sha, of) {
      const mirror = await openMirror(await git(), mirrors, parse(repository));
      return (await mirror.has(sha)) && (await mirror.isAncestor(sha, of));
    },
    tree(repository, sha) {
      const address = parse(repository);
      const tree = keptTree(`${repository} ${sha}`, async () => {
        const mirror = await openMirror(await git(), mirrors, address);
        return openSourceTree(await git(), mirror.gitDir, sha);
      });
      return {
        list: (directory) => tree((found) => found.list(directory)),
        read: (path) => tree((found) => found.read(path)),
        files: () => tree((found) => found.files()),
        fingerprint: (path) => tree((found) => found.fingerprint(path)),
      };
    },
  };
}
