import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
// @boundaries-ignore the check under test
import { fences as check } from '../scripts/checks/fences.mjs';
// @boundaries-ignore the check under test
import { fences } from '../scripts/fences/table.mjs';

/** One file that crosses a fence, the fence that must say so, and words of the advice it must give. */
interface Planted {
  readonly fence: string;
  readonly path: string;
  readonly source: string;
  readonly advice: RegExp;
}

const planted: readonly Planted[] = [
  {
    fence: 'redis',
    path: 'apps/worker/src/redis.ts',
    source: "import { Redis } from 'ioredis';",
    advice: /@switchyard\/queue exports/,
  },
  {
    fence: 'redis',
    path: 'packages/service/src/jobs.ts',
    source: "export type { Job } from 'bullmq';",
    advice: /Only packages\/queue/,
  },
  {
    fence: 'redis',
    path: 'tests/system/peek.test.ts',
    source: "await import('ioredis');",
    advice: /Only packages\/queue/,
  },
  {
    fence: 'engine',
    path: 'apps/runner/src/docker.ts',
    source: "import Docker from 'dockerode';",
    advice: /platform you were handed/,
  },
  {
    fence: 'engine',
    path: 'packages/service/src/git.ts',
    source: "type E = import('execa').Options;",
    advice: /Only packages\/platform/,
  },
  {
    fence: 'processes',
    path: 'apps/worker/src/sh.ts',
    source: "import { spawn } from 'node:child_process';",
    advice: /time limit/,
  },
  {
    fence: 'processes',
    path: 'packages/queue/src/sh.ts',
    source: "const cp = require('child_process');",
    advice: /time limit/,
  },
  {
    fence: 'environment',
    path: 'apps/api/src/server.ts',
    source: 'const port = process.env.PORT;',
    advice: /src\/config\.ts/,
  },
  { fence: 'environment', path: 'packages/service/src/x.ts', source: 'const { env } = process;', advice: /schema/ },
  {
    fence: 'environment',
    path: 'packages/platform/src/x.ts',
    source: "import { env } from 'node:process';",
    advice: /schema/,
  },
  {
    fence: 'environment',
    path: 'apps/cli/src/x.ts',
    source: "const home = globalThis.process['env'].HOME;",
    advice: /schema/,
  },
  {
    fence: 'apps-apart',
    path: 'apps/api/src/cross.ts',
    source: "import '../../worker/src/main.ts';",
    advice: /an app is a process/,
  },
  {
    fence: 'apps-apart',
    path: 'packages/service/src/up.ts',
    source: "export * from '@switchyard/router';",
    advice: /into a package/,
  },
  {
    fence: 'queue-and-platform-apart',
    path: 'packages/queue/src/p.ts',
    source: "import '@switchyard/platform';",
    advice: /join them/,
  },
  {
    fence: 'queue-and-platform-apart',
    path: 'packages/platform/src/q.ts',
    source: "import '../../queue/src/index.ts';",
    advice: /join them/,
  },
  {
    fence: 'domain-alone',
    path: 'packages/domain/src/hash.ts',
    source: "import { createHash } from 'node:crypto';",
    advice: /zod alone/,
  },
  {
    fence: 'domain-alone',
    path: 'packages/domain/src/id.ts',
    source: "import { nanoid } from 'nanoid';",
    advice: /runs in the browser/,
  },
  {
    fence: 'pure',
    path: 'packages/detect/src/read.ts',
    source: "import { readFile } from 'fs/promises';",
    advice: /do no IO/,
  },
  {
    fence: 'pure',
    path: 'packages/diagnose/src/ask.ts',
    source: "import { request } from 'undici';",
    advice: /do no IO/,
  },
  {
    fence: 'passed-in',
    path: 'packages/domain/src/now.ts',
    source: 'export const now = () => Date.now();',
    advice: /Clock/,
  },
  {
    fence: 'passed-in',
    path: 'packages/domain/src/today.ts',
    source: 'export const today = new Date();',
    advice: /Clock/,
  },
  {
    fence: 'passed-in',
    path: 'packages/detect/src/ask.ts',
    source: "export const a = await fetch('http://localhost');",
    advice: /passed in/,
  },
  {
    fence: 'clients-only',
    path: 'apps/cli/src/store.ts',
    source: "import { x } from '@switchyard/queue';",
    advice: /clients of the api/,
  },
  {
    fence: 'clients-only',
    path: 'apps/dashboard/src/page.tsx',
    source: "import { x } from '@switchyard/service';",
    advice: /clients of the api/,
  },
];

/** The same capabilities where they belong, which no fence may mind. */
const allowed: Readonly<Record<string, string>> = {
  'packages/queue/src/connection.ts': "import { Redis } from 'ioredis';\nimport { Queue } from 'bullmq';",
  'packages/platform/src/docker/engine.ts': "import Docker from 'dockerode';\nimport { execa } from 'execa';",
  'apps/embedded/src/supervise.ts': "import { spawn } from 'node:child_process';",
  'apps/api/src/config.ts': 'export const port = process.env.PORT;',
  'apps/api/src/main.ts': "import { open } from '@switchyard/queue';\nimport './config.ts';",
  'apps/worker/src/main.ts': "import '@switchyard/queue';\nimport '@switchyard/platform';",
  'apps/router/src/main.ts': 'export const startedAt = Date.now();',
  'packages/domain/src/index.ts': "import { z } from 'zod';\nexport const at = (ms: number) => new Date(ms);",
  'packages/detect/src/index.ts': "import { posix } from 'node:path';\nimport '@switchyard/domain';",
  'packages/detect/src/index.test.ts':
    "import { readFileSync } from 'node:fs';\nimport { spawnSync } from 'node:child_process';",
  'packages/client/src/index.ts': "import '@switchyard/domain';",
  'apps/cli/src/main.ts': "import '@switchyard/client';\nimport '@switchyard/domain';",
  'tests/system/deploy.test.ts': "import { spawn } from 'node:child_process';\nprocess.env.HOME;",
};

let tree: string;

function write(path: string, source: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), `${source}\n`);
}

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'fences-'));
  execFileSync('git', ['init', '--quiet', tree]);
  for (const workspace of readdirSync('apps')) write(`apps/${workspace}/package.json`, '{}');
  for (const workspace of readdirSync('packages')) write(`packages/${workspace}/package.json`, '{}');
  for (const [path, source] of Object.entries(allowed)) write(path, source);
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

test('a capability used where it belongs crosses no fence', async () => {
  expect(await check(tree)).toMatchObject({ ok: true, output: '', note: `${Object.keys(allowed).length} files` });
});

test.each(planted)('$fence: $path is caught, with what to do instead', async ({ fence, path, source, advice }) => {
  write(path, source);
  try {
    const { ok, output } = await check(tree);
    expect(ok).toBe(false);
    const report = output.slice(output.indexOf(`${path}:1 [${fence}]`));
    expect(report, output).toContain(`${path}:1 [${fence}]`);
    expect(report).toMatch(advice);
  } finally {
    rmSync(join(tree, path));
  }
});

test('every fence has a planted violation', () => {
  expect(new Set(planted.map(({ fence }) => fence))).toEqual(new Set(fences.map(({ name }) => name)));
});

test('a file that cannot be parsed is an error, not a file without violations', async () => {
  write('apps/api/src/broken.ts', 'import { from;');
  try {
    await expect(check(tree)).rejects.toThrow('apps/api/src/broken.ts');
  } finally {
    rmSync(join(tree, 'apps/api/src/broken.ts'));
  }
});

test('a tree without sources fails instead of passing', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'fences-empty-'));
  try {
    execFileSync('git', ['init', '--quiet', empty]);
    expect(await check(empty)).toMatchObject({ ok: false, output: expect.stringContaining('no source file') });
  } finally {
    rmSync(empty, { recursive: true, force: true });
  }
});

test('the check reads this repository, all of its workspaces that have sources', async () => {
  const { note } = await check();
  const files = ['apps', 'packages', 'scripts', 'tests'].flatMap((directory) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' }),
  );
  const sources = files.filter(
    (path) => /\.(ts|tsx|mjs)$/.test(path) && !/(^|\/)(node_modules|dist|fixtures)\//.test(path),
  );
  expect(Number.parseInt(note, 10)).toBeGreaterThanOrEqual(sources.length * 0.9);
});
