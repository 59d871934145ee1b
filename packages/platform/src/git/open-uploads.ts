import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Commit, UploadId } from '@switchyard/domain';
import { isErrno, onDisk } from '../local/disk.ts';
import { removeTree } from '../local/file-tree.ts';
import { openEgress } from '../network/egress.ts';
import { once } from '../once.ts';
import type { PlatformOptions, Uploads } from '../platform.ts';
import { fastImport, IMPORTED_MESSAGE, IMPORTED_REF } from './fast-import.ts';
import { openGit } from './git-command.ts';
import { rememberedHosts } from './known-hosts.ts';
import { openSourceTree } from './source-tree.ts';

/** No conversion of line ends, no filters, no expansion: an upload is checked out as it was sent, whatever its .gitattributes say. */
const ATTRIBUTES = '* -text -eol -filter -ident -working-tree-encoding\n';

/** A name of ours, or one that Git would refuse on other systems, is a name like any other here. */
const ANY_NAME = ['-c', 'core.protectNTFS=false', '-c', 'core.protectHFS=false'];

/** A bare repository of its own per upload, below the data directory: it comes whole by one rename, and goes whole. */
export function openUploads(options: Pick<PlatformOptions, 'dataDir'>): Uploads {
  const uploads = join(options.dataDir, 'uploads');
  const git = once(() =>
    openGit({
      dataDir: options.dataDir,
      allowFileRepositories: false,
      certificates: null,
      // Nothing is fetched.
      egress: openEgress({ allowPrivate: [], proxies: {} }),
      knownHosts: rememberedHosts(),
    }),
  );
  const directoryOf = (id: UploadId) => join(uploads, `${id}.git`);

  async function make(gitDir: string, items: Parameters<Uploads['keep']>[0]['items'], signal: AbortSignal) {
    const run = async (args: readonly string[], input?: Readable) =>
      await (await git()).run(args, { remote: null, gitDir, signal, ...(input === undefined ? {} : { input }) });
    await (await git()).run(['init', '--bare', '--quiet', '--template=', '--', gitDir], { remote: null });
    await mkdir(join(gitDir, 'info'), { recursive: true });
    await writeFile(join(gitDir, 'info', 'attributes'), ATTRIBUTES);
    let broken: unknown;
    const input = Readable.from(fastImport(items), { objectMode: false });
    input.once('error', (error) => {
      broken = error;
    });
    try {
      await run([...ANY_NAME, '-c', 'fastimport.unpackLimit=1', 'fast-import', '--quiet', '--done'], input);
    } catch (error) {
      throw broken ?? error;
    }
  }

  return {
    async keep({ id, items, sentAt, signal }) {
      return await onDisk('unpacking an upload', async () => {
        const gitDir = directoryOf(id);
        if (!existsSync(gitDir)) {
          const making = join(uploads, `.making-${randomBytes(6).toString('hex')}`);
          await mkdir(uploads, { recursive: true, mode: 0o700 });
          try {
            await make(making, items, signal);
            await rename(making, gitDir).catch((error: unknown) => {
              if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
            });
          } finally {
            await removeTree(making);
          }
        }
        const sha = await (await git()).run(['rev-parse', '--verify', IMPORTED_REF], { remote: null, gitDir });
        return Commit.parse({
          sha: sha.toString().trim(),
          branch: null,
          message: IMPORTED_MESSAGE,
          author: 'upload',
          at: sentAt,
        });
      });
    },

    async has(id) {
      return existsSync(directoryOf(id));
    },

    async checkout({ id, sha, into, signal }) {
      await onDisk('checking out an upload', async () => {
        const gitDir = directoryOf(id);
        await mkdir(into, { recursive: true });
        const index = join(gitDir, `index-${randomBytes(6).toString('hex')}`);
        const env = { GIT_INDEX_FILE: index, GIT_WORK_TREE: into };
        const run = async (...args: string[]) =>
          await (await git()).run([...ANY_NAME, ...args], { remote: null, gitDir, env, signal });
        try {
          await run('read-tree', '--end-of-options', sha);
          await run('checkout-index', '--all', '--force', '--quiet');
        } finally {
          await rm(index, { force: true });
        }
      });
    },

    tree(id, sha) {
      const tree = git().then((opened) => openSourceTree(opened, directoryOf(id), sha));
      return {
        list: async (directory) => await (await tree).list(directory),
        read: async (path) => await (await tree).read(path),
        files: async () => await (await tree).files(),
        fingerprint: async (path) => await (await tree).fingerprint(path),
      };
    },

    async list() {
      const names = await readdir(uploads).catch((error: unknown) => {
        if (isErrno(error, 'ENOENT')) return [];
        throw error;
      });
      const found = await Promise.all(
        names.map(async (name) => {
          const known = UploadId.safeParse(name.replace(/\.git$/, ''));
          const { mtimeMs } = await stat(join(uploads, name)).catch(() => ({ mtimeMs: null }));
          return mtimeMs === null ? [] : [{ name, id: known.success ? known.data : null, createdAt: mtimeMs }];
        }),
      );
      return found.flat();
    },

    async remove(name) {
      await removeTree(join(uploads, name));
    },
  };
}
