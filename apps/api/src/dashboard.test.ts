import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from './testing/running-api.ts';

let api: RunningApi;

beforeEach(async () => {
  api = await startApi({ redisUrl: inject('redisUrl') });
});
afterEach(() => api.close());

async function build(): Promise<void> {
  const directory = join(api.directory, 'dashboard');
  await mkdir(join(directory, 'assets'));
  await writeFile(join(directory, 'index.html'), '<!doctype html><title>Switchyard</title>');
  await writeFile(join(directory, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(join(directory, 'assets', 'index-B3f9x.js'), 'export {};');
}

test.each(['/', '/deployments', '/deployments/dep_aaaaaaaaaaaaaaaa', '/apps', '/apps/hello'])(
  '%s is the page, without a token, for this origin alone',
  async (path) => {
    await build();
    const response = await fetch(`${api.url}${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(await response.text()).toContain('<title>Switchyard</title>');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('x-powered-by')).toBeNull();
  },
);

test('files whose names change with their content are kept for ever, others are asked for again', async () => {
  await build();
  const asset = await fetch(`${api.url}/assets/index-B3f9x.js`);
  expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect((await fetch(`${api.url}/favicon.svg`)).headers.get('cache-control')).toBe('no-cache');
});

test('a file that is not there is a problem, and so is one outside', async () => {
  await build();
  for (const path of ['/assets/index-old.js', '/nothing.js', '/..%2f..%2fpackage.json', '/.env', '/%2e%2e/blobs']) {
    const response = await fetch(`${api.url}${path}`);
    expect([path, response.status]).toEqual([path, 404]);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  }
});

test('a dashboard that is not built says so; the API answers', async () => {
  const response = await fetch(`${api.url}/`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ detail: expect.stringContaining('npm run build') as string });
  expect((await api.ask('/v1/apps')).status).toBe(200);
});
