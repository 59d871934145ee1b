import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Commit, LIMITS, type SourceCredential, SwitchyardError } from '@switchyard/domain';
import { makeCertificates } from '../local/certificates.ts';
import { onDisk } from '../local/disk.ts';
import { openEgress } from '../network/egress.ts';
import { once } from '../once.ts';
import type { PlatformOptions, Sources, SourceTree } from '../platform.ts';
import { parseAddress, type Remote, remoteOf, shownAddress } from './address.ts';
import { checkOut } from './checkout.ts';
import { type GitOptions, openGit } from './git-command.ts';
import { type KnownHosts, rememberedHosts } from './known-hosts.ts';
import { type Mirror, openMirror, type RepositoryLimits } from './mirror.ts';
import { candidates, commitOf, parseRef, parseRemoteRefs } from './ref.ts';
import { openSourceTree } from './source-tree.ts';

type Words = Pick<GitOptions, 'signal' | 'onOutput'>;

const MAX_MESSAGE = 200;
const MAX_TREES = 4;
const HEADS = 'refs/heads/';

/** The `git` command on mirrors below the data directory. */
export function openSources(
  options: Pick<
    PlatformOptions,
    'dataDir' | 'allowFileRepositories' | 'allowPrivateRepositories' | 'extraCaCerts' | 'proxyVariables'
  > & { readonly knownHosts?: KnownHosts; readonly repositoryLimits?: RepositoryLimits },
): Sources {
  const mirrors = join(options.dataDir, 'mirrors');
  const egress = openEgress({
    allowPrivate: options.allowPrivateRepositories ?? [],
    proxies: options.proxyVariables ?? {},
  });
  const limits = options.repositoryLimits ?? {
    wholeBytes: LIMITS.wholeRepositoryBytes,
    maxBytes: LIMITS.maxRepositoryBytes,
  };
  const knownHosts = options.knownHosts ?? rememberedHosts();
  const git = once(async () => {
    const certificates = await makeCertificates(options.dataDir, options.extraCaCerts);
    return await openGit({
      dataDir: options.dataDir,
      allowFileRepositories: options.allowFileRepositories,
      certificates: certificates?.all ?? null,
      egress,
      knownHosts,
    });
  });
  const parse = (repository: string) => parseAddress(repository, options.allowFileRepositories);
  const parseRemote = (repository: string, credential?: SourceCredential | null) =>
    remoteOf(parse(repository), credential);

  const mirrorOf = async (remote: Remote) => await openMirror(await git(), mirrors, remote, limits);
  /** What is trusted besides the usual authorities comes as one list. */
  async function authorities(): Promise<string | null> {
    const certificates = await makeCertificates(options.dataDir, options.extraCaCerts);
    return certificates === null ? null : await readFile(certificates.all, 'utf8');
  }

  async function remoteRefs(remote: Remote, patterns: readonly string[], words: Words) {
    const args = ['ls-remote', '--symref', '--end-of-options', remote.address.url, ...patterns];
    return parseRemoteRefs((await (await git()).run(args, { remote, ...words })).toString());
  }

  /** Why a name was not found: said with what is there instead. */
  async function notThere(remote: Remote, what: string, words: Words): Promise<SwitchyardError> {
    const { refs, head } = await remoteRefs(remote, [], words);
    const shown = shownAddress(remote.address);
    if (refs.length === 0)
      return new SwitchyardError('repository-empty', `${shown} has no commits yet. Push one, then deploy again.`);
    const branch = head === null ? '' : ` Its default branch is ${head.replace(/^refs\/heads\//, '')}.`;
    return new SwitchyardError(
      'ref-not-found',
      `${shown} has no ${what}: it was never pushed, or was deleted or renamed.${branch}`,
    );
  }

  /** Which commit is meant, with the commit in the mirror. The remote is asked in any case: it decides who may read. */
  async function resolve(
    remote: Remote,
    mirror: Mirror,
    ref: string | null,
    words: Words,
  ): Promise<{ sha: string; branch: string | null }> {
    const wanted = parseRef(ref, LIMITS.maxRefLength);
    if (wanted.kind === 'sha') {
      if (remote.address.kind !== 'file') await remoteRefs(remote, ['HEAD'], words);
      await mirror.fetchCommit(wanted.sha, words);
      return { sha: wanted.sha, branch: null };
    }
    const names = wanted.kind === 'name' ? candidates(wanted.name) : [];
    const found = await remoteRefs(remote, ['HEAD', ...names.flatMap((name) => [name, `${name}^{}`])], words);
    if (wanted.kind === 'default') {
      const sha = commitOf(found, 'HEAD');
      if (sha === null) throw await notThere(remote, 'default branch', words);
      await mirror.fetchRef(found.head ?? 'HEAD', sha, words);
      return { sha, branch: found.head?.replace(/^refs\/heads\//, '') ?? null };
    }
    for (const name of names) {
      const sha = commitOf(found, name);
      if (sha === null) continue;
      await mirror.fetchRef(name, sha, words);
      return { sha, branch: name.startsWith('refs/heads/') ? name.slice('refs/heads/'.length) : null };
    }
    if (!wanted.abbreviates) throw await notThere(remote, `branch or tag ${wanted.name}`, words);
    let sha = await mirror.expand(wanted.name);
    if (sha === null) {
      await mirror.fetchAll(words);
      sha = await mirror.expand(wanted.name);
    }
    if (sha !== null) await mirror.fetchCommit(sha, words);
    if (sha === null)
      throw await notThere(
        remote,
        `branch or tag ${wanted.name}, and no commit whose name begins so and with no other`,
        words,
      );
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

  /** Branches and tags are fetched once more before a commit is called foreign. */
  async function isOnBranchOrTag(mirror: Mirror, sha: string, words: Words): Promise<boolean> {
    if (await mirror.isReachable(sha)) return true;
    await mirror.fetchAll(words);
    return await mirror.isReachable(sha);
  }

  return {
    checkAddress(repository) {
      parse(repository);
    },
    async pin({ repository, credential, ref, signal, onOutput }) {
      const remote = parseRemote(repository, credential);
      return await onDisk('fetching a repository', async () => {
        const mirror = await mirrorOf(remote);
        const { sha, branch } = await resolve(remote, mirror, ref, { signal, onOutput });
        // What is on a branch that was pinned by its name is reachable from there.
        const isForeign = branch === null && !(await isOnBranchOrTag(mirror, sha, { signal, onOutput }));
        const format = '--format=%H%x00%ct%x00%an%x00%s';
        const text = await (await git()).run(
          ['log', '-1', '--no-show-signature', '--encoding=UTF-8', format, '--end-of-options', sha, '--'],
          { remote: null, gitDir: mirror.gitDir },
        );
        const [full, seconds, author, message] = text.toString().trimEnd().split('\0');
        return Commit.parse({
          sha: full,
          branch,
          author,
          message: message?.slice(0, MAX_MESSAGE),
          at: Number(seconds) * 1000,
          ...(isForeign ? { isForeign } : {}),
        });
      });
    },
    async checkout({ repository, credential, sha, into, signal, onOutput }) {
      const remote = parseRemote(repository, credential);
      return await onDisk('checking out a commit', async () => {
        const mirror = await mirrorOf(remote);
        const fetched = !(await mirror.has(sha));
        const words = { signal, onOutput };
        await mirror.fetchCommit(sha, words);
        const parts = {
          git: await git(),
          egress,
          certificates: await authorities(),
          credential: credential ?? null,
          ...words,
          openMirror: mirrorOf,
          mayRead: async (other: Remote) => {
            if (other.address.kind !== 'file') await remoteRefs(other, ['HEAD'], words);
          },
        };
        await checkOut(parts, remote, { mirror, sha, into });
        return { fetched };
      });
    },
    async head({ repository, credential, branch, signal }) {
      const asked = parseRemote(repository, credential);
      const wanted = parseRef(branch, LIMITS.maxRefLength);
      if (wanted.kind === 'sha') return null;
      const [name = 'HEAD'] = wanted.kind === 'name' ? candidates(wanted.name) : [];
      const remote = await remoteRefs(asked, name === 'HEAD' ? [] : [name], { signal });
      const sha = commitOf(remote, name);
      const full = name === 'HEAD' ? remote.head : name;
      return sha === null || !full?.startsWith(HEADS) ? null : { branch: full.slice(HEADS.length), sha };
    },
    async isAncestor(repository, sha, of) {
      const mirror = await mirrorOf(parseRemote(repository));
      return (await mirror.has(sha)) && (await mirror.isAncestor(sha, of));
    },
    tree(repository, sha) {
      const remote = parseRemote(repository);
      const tree = keptTree(`${repository} ${sha}`, async () => {
        const mirror = await mirrorOf(remote);
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
