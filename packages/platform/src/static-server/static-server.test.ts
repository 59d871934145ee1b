import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cacheControl, staticServer } from './static-server.ts';

const FILES = {
  'site/index.html': '<p>home</p>',
  'site/about.html': '<p>about</p>',
  'site/docs/index.html': '<p>docs</p>',
  'site/assets/index-BxK2a9Qz.js': 'console.log(1)',
  'site/.env': 'SECRET=1',
  'site/.well-known/security.txt': 'contact',
  'secret.txt': 'outside',
};

let root: string;
let server: Server;

async function serve(options: { spa?: boolean; notFound?: string } = {}): Promise<void> {
  if (options.notFound !== undefined) await writeFile(join(root, 'site', '404.html'), options.notFound);
  server = staticServer({ directory: join(root, 'site'), spa: options.spa ?? false });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}

const port = () => (server.address() as AddressInfo).port;
const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port()}${path}`, init);

/** As it stands, without a client that tidies the path. */
function raw(path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: port(), path }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'static-'));
  for (const [path, content] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(root, { recursive: true });
});

describe('a plain site', () => {
  test.each([
    ['/', '<p>home</p>'],
    ['/about', '<p>about</p>'],
    ['/about.html', '<p>about</p>'],
    ['/docs', '<p>docs</p>'],
    ['/docs/', '<p>docs</p>'],
    ['/.well-known/security.txt', 'contact'],
  ])('%s is found', async (path, body) => {
    await serve();
    const response = await get(path);
    expect([response.status, await response.text()]).toEqual([200, body]);
  });

  test.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/docs/../../secret.txt',
    '//secret.txt',
    '/.env',
    '/%2eenv',
    '/docs/..%5c..%5csecret.txt',
    '/%00',
    '/%zz',
  ])('%s gives nothing away', async (path) => {
    await serve();
    const { status, body } = await raw(path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(body).not.toMatch(/outside|SECRET/);
  });

  test('an unknown path is 404, with the site’s own page where it has one', async () => {
    await serve({ notFound: '<p>not here</p>' });
    const response = await get('/nowhere');
    expect([response.status, await response.text()]).toEqual([404, '<p>not here</p>']);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  test('what a browser has already is not sent again', async () => {
    await serve();
    const etag = (await get('/')).headers.get('etag') ?? '';
    expect(etag).not.toBe('');
    expect((await get('/', { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  test('a range is answered as one', async () => {
    await serve();
    const response = await get('/', { headers: { range: 'bytes=3-6' } });
    expect([response.status, await response.text()]).toEqual([206, 'home']);
  });

  test('only reading is allowed', async () => {
    await serve();
    const response = await get('/', { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await get('/', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('what holds a hash of its content is kept for good, everything else is asked for again', async () => {
    await serve();
    expect((await get('/assets/index-BxK2a9Qz.js')).headers.get('cache-control')).toContain('immutable');
    expect((await get('/')).headers.get('cache-control')).toContain('must-revalidate');
    expect(cacheControl('/main.3f2a9c1b.css')).toContain('immutable');
    expect(cacheControl('/service-worker.js')).not.toContain('immutable');
    expect(cacheControl('/jquery-3.7.1.min.js')).not.toContain('immutable');
  });
});

describe('a single-page app', () => {
  test('unknown paths are its own, missing files are not', async () => {
    await serve({ spa: true });
    const page = await get('/settings/profile');
    expect([page.status, await page.text()]).toEqual([200, '<p>home</p>']);
    expect((await get('/assets/old-1234abcd.js')).status).toBe(404);
  });
});

describe('links', () => {
  test('one that leads out of the site is not followed, by whatever path it is asked for', async () => {
    await symlink(join(root, 'secret.txt'), join(root, 'site', 'link.html'));
    await symlink(root, join(root, 'site', 'up'));
    await serve();
    for (const path of [
      '/link.html',
      '/link',
      '/%6cink.html',
      '/docs/../link',
      '//link',
      '/up/secret.txt',
      '/up/site/.env',
      '/up/',
    ]) {
      const { status, body } = await raw(path);
      expect([path, status]).toEqual([path, 404]);
      expect(body).not.toContain('outside');
    }
    expect((await raw('/about')).body).toBe('<p>about</p>');
  });

  test('one that stays inside is', async () => {
    await symlink('about.html', join(root, 'site', 'who.html'));
    await serve();
    const response = await get('/who');
    expect([response.status, await response.text()]).toEqual([200, '<p>about</p>']);
    expect(response.headers.get('cache-control')).toContain('must-revalidate');
  });
});
