import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { COMMAND_PATH } from '../local/host-tools.ts';

const run = promisify(execFile);

const IDENTITY = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.test',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.test',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

/** A repository as a user has it, for tests. */
export interface TestRepository {
  readonly path: string;
  git(...args: string[]): Promise<string>;
  /** Writes files, commits them, and answers the commit. */
  commit(message: string, files: Readonly<Record<string, string>>): Promise<string>;
  remove(): Promise<void>;
}

export async function makeRepository(branch = 'main'): Promise<TestRepository> {
  const path = await mkdtemp(join(tmpdir(), 'repository-'));
  const git = async (...args: string[]) => {
    const { stdout } = await run('git', args, {
      cwd: path,
      env: { PATH: COMMAND_PATH, HOME: path, ...IDENTITY },
    });
    return stdout.trim();
  };
  await git('init', '--quiet', `--initial-branch=${branch}`);
  return {
    path,
    git,
    async commit(message, files) {
      for (const [name, content] of Object.entries(files)) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        await writeFile(join(path, name), content);
      }
      await git('add', '--all');
      await git('commit', '--quiet', '--allow-empty', '-m', message);
      return await git('rev-parse', 'HEAD');
    },
    remove: () => rm(path, { recursive: true }),
  };
}
