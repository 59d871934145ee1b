import { access, constants, mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { SwitchyardError } from '@switchyard/domain';
import { closeServer, listen } from '@switchyard/service';

/** Makes the data directory where it is missing. Rejects with `config-invalid` when nothing can be written there. */
export async function ensureWritable(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.W_OK | constants.X_OK | constants.R_OK);
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
