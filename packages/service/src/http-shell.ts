import { createServer, type Server } from 'node:http';
import { SwitchyardError } from '@switchyard/domain';
import express from 'express';
import type { Registry } from 'prom-client';

/** Listens, or rejects with `config-invalid` naming the taken port. Answers the address that holds. */
export async function listen(
  server: Server,
  options: { host: string; port: number; setting: string },
): Promise<{ host: string; port: number }> {
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const reason = error.code === 'EADDRINUSE' ? 'is taken by another process' : `can't be used (${error.message})`;
      reject(
        new SwitchyardError(
          'config-invalid',
          `Port ${options.port} on ${options.host} ${reason}. Free it, or set ${options.setting} to another one.`,
          {},
          error,
        ),
      );
    };
    server.once('error', onError);
    server.listen(options.port, options.host, () => {
      server.off('error', onError);
      resolve();
    });
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('a TCP address was expected');
  return { host: bound.address, port: bound.port };
}

/** The small HTTP face of a process that has no other: `/metrics`, `/readyz` (200 or 503), `/healthz`. */
export async function serveShell(options: {
  host: string;
  port: number;
  metrics: Registry;
  isReady: () => Promise<boolean>;
}): Promise<{ address: string; close(): Promise<void> }> {
  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', (_request, response) => void response.type('text/plain').send('ok\n'));
  app.get('/readyz', async (_request, response) => {
    const ready = await options.isReady();
    response
      .status(ready ? 200 : 503)
      .type('text/plain')
      .send(ready ? 'ready\n' : 'not ready\n');
  });
  app.get('/metrics', async (_request, response) => {
    response.type(options.metrics.contentType).send(await options.metrics.metrics());
  });
  const server = createServer(app);
  const { host, port } = await listen(server, { ...options, setting: 'SWITCHYARD_METRICS_PORT' });
  return { address: `${host}:${port}`, close: () => closeServer(server) };
}

/** Stops listening, lets answers under way finish, cuts idle connections. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
