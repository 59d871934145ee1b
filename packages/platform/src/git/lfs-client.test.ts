import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { openEgress } from '../network/egress.ts';
import { fetchObjects } from './lfs-client.ts';

let server: Server;
let answer: (url: string, response: ServerResponse) => void;
let directory: string;
let base: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lfs-'));
  server = createServer((request, response) => {
    request.resume();
    answer(request.url ?? '', response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${z.object({ port: z.int() }).parse(server.address()).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

const objects = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ oid: String(index).padStart(64, '0'), bytes: 1 }));
const fetchAll = (count: number) =>
  fetchObjects({ url: new URL(base), headers: {} }, objects(count), directory, {
    egress: openEgress({ allowPrivate: ['127.0.0.1'], proxies: {} }),
    certificates: null,
    signal: undefined,
  });

test('an answer without an end is not read to its end', async () => {
  let sent = 0;
  answer = (_, response) => {
    const piece = Buffer.alloc(1024 * 1024, ' ');
    const write = (): void => {
      if (response.destroyed || sent > 256 * piece.length) return void response.end();
      sent += piece.length;
      if (response.write(piece)) setImmediate(write);
      else response.once('drain', write);
    };
    write();
  };
  await expect(fetchAll(1)).rejects.toMatchObject({ code: 'source-unreachable' });
  expect(sent).toBeLessThan(128 * 1024 * 1024);
});

test('one file that can’t be fetched ends the fetching of the others', async () => {
  const asked: string[] = [];
  answer = (url, response) => {
    if (url.endsWith('/objects/batch')) {
      const list = objects(40).map(({ oid }) => ({ oid, actions: { download: { href: `${base}/${oid}` } } }));
      response.end(JSON.stringify({ objects: list }));
      return;
    }
    asked.push(url);
    if (asked.length === 1) response.writeHead(404).end();
  };
  await expect(fetchAll(40)).rejects.toMatchObject({ code: 'lfs-object-missing' });
  expect(asked.length).toBeLessThanOrEqual(4);
  // Those that were under way are over too: nobody holds a connection.
  await expect
    .poll(() => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count))))
    .toBe(0);
  expect(await readdir(directory)).toEqual([]);
});
