import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths and texts; null removes a file. */
export type Files = Readonly<Record<string, string | null>>;

/** A real Git repository in a temporary directory. */
export interface Repository {
  /** `file://…`, as an app's repository. */
  readonly url: string;
  readonly directory: string;
  /** Writes the files and commits them; answers the commit's sha. */
  commit(files: Files, message?: string): Promise<string>;
  git(...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

const IDENTITY = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.test',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.test',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

export async function createRepository(files: Files): Promise<Repository> {
  const directory = await mkdtemp(join(tmpdir(), 'repository-'));
  const git = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('git', args, { cwd: directory, env: { ...process.env, ...IDENTITY } });
    return stdout.trim();
  };
  const repository: Repository = {
    url: pathToFileURL(directory).href,
    directory,
    git,
    async commit(changes, message = 'Change') {
      for (const [path, text] of Object.entries(changes)) {
        const full = join(directory, path);
        if (text === null) {
          await rm(full, { recursive: true });
          continue;
        }
        await mkdir(dirname(full), { recursive: true });
        await writeFile(full, text);
      }
      await git('add', '--all');
      await git('commit', '--quiet', '--allow-empty', '--message', message);
      return await git('rev-parse', 'HEAD');
    },
    remove: async () => await rm(directory, { recursive: true, force: true }),
  };
  await git('init', '--quiet', '--initial-branch=main');
  await repository.commit(files, 'First');
  return repository;
}
