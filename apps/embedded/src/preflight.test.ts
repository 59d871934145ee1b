import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ensurePortsFree, ensureWritable } from './preflight.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

test('a taken port is named with the setting that changes it', async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  await expect(ensurePortsFree('127.0.0.1', [{ port, setting: 'SWITCHYARD_API_PORT' }])).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringMatching(new RegExp(`Port ${port} .*SWITCHYARD_API_PORT`)),
  });
});

test('one port for two things is refused', async () => {
  const twice = [
    { port: 7070, setting: 'SWITCHYARD_API_PORT' },
    { port: 7070, setting: 'SWITCHYARD_ROUTER_PORT' },
  ];
  await expect(ensurePortsFree('127.0.0.1', twice)).rejects.toThrow(
    'SWITCHYARD_API_PORT and SWITCHYARD_ROUTER_PORT are both 7070',
  );
});

test('a data directory that cannot be is named with its setting', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'preflight-'));
  try {
    await writeFile(join(scratch, 'file'), '');
    await expect(ensureWritable(join(scratch, 'file', 'data'))).rejects.toThrow('SWITCHYARD_DATA_DIR');
    await ensureWritable(join(scratch, 'new', 'data'));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
});
