import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;

/** The same author and time at every start, so that the same files give the same commit and nothing is built twice. */
const IDENTITY = {
  GIT_AUTHOR_NAME: 'Switchyard',
  GIT_AUTHOR_EMAIL: 'example@switchyard.invalid',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'Switchyard',
  GIT_COMMITTER_EMAIL: 'example@switchyard.invalid',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
};

/**
 * Makes `repository` a bare Git repository whose branch `main` holds exactly the files of `directory` and `files` (name → text, at the
 * root), whatever Git is set to do on this machine. Answers the commit.
 */
export async function commitDirectory(
  source: { directory: string; repository: string; message: string; files?: Readonly<Record<string, string>> },
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const { directory, repository, message, files = {} } = source;
  const scratch = await mkdtemp(join(tmpdir(), 'switchyard-index-'));
  const own = Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('GIT_')));
  const env = {
    ...own,
    ...IDENTITY,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_INDEX_FILE: join(scratch, 'index'),
  };
  const git = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('git', args, { env, timeout: TIMEOUT_MS });
    return stdout.trim();
  };
  try {
    await git('init', '--quiet', '--bare', '--initial-branch=main', repository);
    const here = [
      '--git-dir',
      repository,
      '--work-tree',
      directory,
      '-c',
      'core.autocrlf=false',
      '-c',
      'core.bare=false',
    ];
    await git(...here, '-C', directory, 'add', '--all', '.');
    for (const [name, text] of Object.entries(files)) {
      const file = join(scratch, 'blob');
      await writeFile(file, text);
      const blob = await git(...here, 'hash-object', '-w', '--no-filters', file);
      await git(...here, 'update-index', '--add', '--cacheinfo', `100644,${blob},${name}`);
    }
    const tree = await git(...here, 'write-tree');
    const commit = await git(...here, 'commit-tree', tree, '-m', message);
    await git(...here, 'update-ref', 'refs/heads/main', commit);
    return commit;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Files that make an app ask for the very Node and npm that run this: both are here already, so the first deployment downloads nothing.
 * npm tells its version to what it starts; without it the app's package.json stays as it is.
 */
export async function hostVersions(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  const node = { '.node-version': `${process.versions.node}\n` };
  const npm = /^npm\/(\d+\.\d+\.\d+) /.exec(environment['npm_config_user_agent'] ?? '')?.[1];
  if (npm === undefined) return node;
  const manifest = z
    .record(z.string(), z.unknown())
    .parse(JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')));
  return { ...node, 'package.json': `${JSON.stringify({ ...manifest, packageManager: `npm@${npm}` }, null, 2)}\n` };
}
