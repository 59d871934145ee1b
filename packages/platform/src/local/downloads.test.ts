import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openLocalSubject } from '../conformance/local-subject.ts';
import { run, type Subject, snapshotOf, unique } from '../conformance/subject.ts';
import { openPlatform } from '../open-platform.ts';

const REPOSITORY_ROOT = join(import.meta.dirname, '../../../..');

let subject: Subject;
beforeEach(async () => {
  subject = await openLocalSubject(openPlatform);
});
afterEach(async () => {
  await subject.close();
});

const dataDir = () => subject.options?.dataDir ?? '';

describe('package managers’ downloads', () => {
  const ONE = { teamId: 'team_aaaaaa', trusted: true } as const;
  const leave = (word: string) => [`echo ${word} > "$HOME/.npm/left"`];
  const look = ['cat "$HOME/.npm/left" 2>/dev/null || echo nothing'];

  test('are kept for the team’s next run and not shown to another team', async () => {
    await run(subject.platform, leave('mine'), { downloads: ONE });
    expect((await run(subject.platform, look, { downloads: ONE })).output).toBe('mine\n');
    const other = await run(subject.platform, look, { downloads: { teamId: 'team_bbbbbb', trusted: true } });
    expect(other.output).toBe('nothing\n');
  });

  test('are read by code that is not trusted, which leaves nothing there', async () => {
    await run(subject.platform, leave('mine'), { downloads: ONE });
    const stranger = { teamId: 'team_aaaaaa', trusted: false } as const;
    const strange = await run(subject.platform, [...look, ...leave('poison'), ...look], { downloads: stranger });
    expect(strange.output).toBe('mine\npoison\n');
    expect((await run(subject.platform, look, { downloads: ONE })).output).toBe('mine\n');
  });
});

describe('pnpm’s store', () => {
  let registry: Server;
  let scratch: string;
  const origin = () => `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'registry-'));
    await mkdir(join(scratch, 'package'));
    await writeFile(join(scratch, 'package/package.json'), '{"name":"greet","version":"1.0.0","main":"index.js"}');
    await writeFile(join(scratch, 'package/index.js'), 'module.exports = "original";\n');
    execFileSync('tar', ['-czf', 'greet.tgz', 'package'], { cwd: scratch });
    const tarball = await readFile(join(scratch, 'greet.tgz'));
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    registry = createServer((request, response) => {
      if (request.url === '/greet.tgz') return void response.end(tarball);
      if (request.url !== '/greet') return void response.writeHead(404).end('{}');
      const dist = { tarball: `${origin()}/greet.tgz`, integrity };
      const versions = { '1.0.0': { name: 'greet', version: '1.0.0', main: 'index.js', dist } };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ name: 'greet', 'dist-tags': { latest: '1.0.0' }, versions }));
    });
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    registry.closeAllConnections();
    registry.close();
    await rm(scratch, { recursive: true, force: true });
  });

  /** The pnpm of this repository, as if it had been fetched. */
  async function placePnpm(): Promise<string> {
    const manifest = await readFile(join(REPOSITORY_ROOT, 'node_modules/pnpm/package.json'), 'utf8');
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(manifest));
    const home = join(dataDir(), 'toolchains', `pnpm-${version}`, 'node_modules/.bin');
    await mkdir(home, { recursive: true });
    await symlink(join(REPOSITORY_ROOT, 'node_modules/pnpm/bin/pnpm.cjs'), join(home, 'pnpm'));
    return version;
  }

  test('is not written to by a build, though the repository asks for hard links', { timeout: 60_000 }, async () => {
    const version = await placePnpm();
    const toolchain = {
      runtime: { name: 'node', wanted: '*' },
      packageManager: { name: 'pnpm', version, lockfile: null },
    } as const;
    const source = await snapshotOf(subject.platform, {
      'package.json': '{"name":"app","version":"1.0.0","dependencies":{"greet":"1.0.0"}}',
      '.npmrc': `registry=${origin()}/\npackage-import-method=hardlink\n`,
    });
    const install = async (commands: string[]) =>
      await run(subject.platform, ['pnpm install --no-lockfile', ...commands], {
        layers: [{ snapshot: source }],
        toolchain,
        publish: `tree-${unique()}`,
      });
    const first = await install([
      'echo spoilt > node_modules/greet/index.js',
      'stat -c %h node_modules/greet/index.js',
    ]);
    expect(first, first.output).toMatchObject({ answer: { end: 'succeeded' } });
    expect(first.output).toMatch(/^1$/m);
    const second = await install(['node -p "require(\'greet\')"']);
    expect(second.output).toMatch(/reused 1, downloaded 0/);
    expect(second.output).toMatch(/^original$/m);
  });
});
