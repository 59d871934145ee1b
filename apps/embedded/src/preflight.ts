import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import { closeServer, listen, makeDirectory } from '@switchyard/service';

/** Makes the data directory where it is missing. Rejects with `config-invalid` when nothing can be written there. */
export async function ensureWritable(directory: string): Promise<void> {
  try {
    await makeDirectory(directory);
    // Tried, since the mode does not tell: a read-only or full file system, or one that maps users, says yes to everything.
    const probe = join(directory, `.check-${process.pid}`);
    await writeFile(probe, 'x');
    await rm(probe);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SwitchyardError(
      'config-invalid',
      `The data directory ${directory} can't be written (${reason}). Make it writable, or set SWITCHYARD_DATA_DIR to another one.`,
      {},
      error,
    );
  }
}

/** Rejects with `config-invalid`, naming the setting, when a port is taken: before anything is started. */
export async function ensurePortsFree(
  host: string,
  ports: readonly { port: number; setting: string }[],
): Promise<void> {
  const [first, second] = ports;
  if (first !== undefined && second !== undefined && first.port === second.port) {
    throw new SwitchyardError(
      'config-invalid',
      `${first.setting} and ${second.setting} are both ${first.port}; give one of them another port.`,
    );
  }
  for (const { port, setting } of ports) {
    const server = createServer();
    await listen(server, { host, port, setting });
    await closeServer(server);
  }
}

const REDIS_DEFAULT_PORT = 6379;
const CONNECT_TIMEOUT_MS = 5_000;

/** Rejects with `redis-unavailable` when nothing listens at REDIS_URL. Whether it is a Redis that will do, each process checks itself. */
export async function ensureReachable(redisUrl: string): Promise<void> {
  const { hostname, port } = new URL(redisUrl);
  const address = { host: hostname.replaceAll(/^\[|\]$/g, ''), port: port === '' ? REDIS_DEFAULT_PORT : Number(port) };
  await new Promise<void>((resolve, reject) => {
    const socket = connect(address);
    const fail = (reason: string): void => {
      socket.destroy();
      const message = `Nothing answers at REDIS_URL, ${address.host}:${address.port} (${reason}). Start that Redis, or unset REDIS_URL to get a private one.`;
      reject(new SwitchyardError('redis-unavailable', message));
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => fail(`no connection within ${CONNECT_TIMEOUT_MS / 1_000} s`));
    socket.once('error', (error) => fail(error.message));
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}
