import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
// @boundaries-ignore the search for the server is shared with the set-up scripts, which run before any package is installed
import { findPostgres } from '../../scripts/setup/tools.mjs';
import { freePorts } from './system.ts';
import { waitFor } from './wait-for.ts';

const run = promisify(execFile);

/** A PostgreSQL server of a test's own, which writes down every connection. */
export interface Postgres {
  /** `postgres://…` of an empty database. */
  readonly url: string;
  query(sql: string): Promise<string>;
  /** The whole schema as SQL. */
  schema(): Promise<string>;
  /** Connections it has seen so far that were not this object's own. */
  connections(): Promise<number>;
  stop(): Promise<void>;
}

/** The server refuses to run as root; then it runs as the user that its package made. */
async function serverUser(): Promise<{ uid: number; gid: number } | null> {
  if (userInfo().uid !== 0) return null;
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)),
  );
  if (uid === undefined || gid === undefined) throw new Error('there is no user `postgres`');
  return { uid, gid };
}

const OWN_NAME = 'harness';

export async function startPostgres(): Promise<Postgres> {
  const server = findPostgres();
  if (server === undefined) throw new Error('PostgreSQL is not installed: `npm run test:all` installs it');
  const bin = dirname(server);
  const user = await serverUser();
  const directory = await mkdtemp(join(tmpdir(), 'postgres-'));
  if (user !== null) {
    // The run's temporary directory is its owner's alone; the server's user has to get through it.
    await chmod(tmpdir(), 0o711);
    await chown(directory, user.uid, user.gid);
  }
  const as = user ?? {};
  const [port = 0] = await freePorts(1);
  const data = join(directory, 'data');
  await run(
    join(bin, 'initdb'),
    ['--pgdata', data, '--auth', 'trust', '--username', 'postgres', '--no-sync', '--encoding', 'UTF8', '--locale', 'C'],
    { ...as, cwd: '/' },
  );
  const logFile = join(directory, 'log');
  const log = await open(logFile, 'a');
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: directory,
    fsync: 'off',
    log_connections: 'on',
    log_line_prefix: '%a|',
  };
  const child: ChildProcess = spawn(
    join(bin, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      ...as,
      cwd: '/',
      stdio: ['ignore', log.fd, log.fd],
    },
  );
  const exited = once(child, 'exit');
  const base = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const own = { ...process.env, PGAPPNAME: OWN_NAME };

  async function stop(): Promise<void> {
    child.kill('SIGINT');
    await exited;
    await log.close();
    await rm(directory, { recursive: true, force: true });
  }

  const postgres: Postgres = {
    url: base,
    query: async (sql) =>
      (
        await run('psql', [base, '--no-psqlrc', '--tuples-only', '--no-align', '--command', sql], { env: own })
      ).stdout.trim(),
    schema: async () =>
      (await run('pg_dump', ['--schema-only', base], { env: own })).stdout.replace(/^\\(?:un)?restrict .*$/gm, ''),
    async connections() {
      const lines = (await readFile(logFile, 'utf8')).split('\n');
      return lines.filter(
        (line) => line.includes('connection authorized') && !line.includes(`application_name=${OWN_NAME}`),
      ).length;
    },
    stop,
  };
  try {
    await waitFor(
      'PostgreSQL answers',
      async () =>
        await postgres.query('select 1').then(
          (answer) => answer === '1',
          () => false,
        ),
      20_000,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return postgres;
}
