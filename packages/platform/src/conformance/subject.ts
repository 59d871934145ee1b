import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type InstanceId, LIMITS, type OneOffId, type SnapshotRef } from '@switchyard/domain';
import type {
  AttemptRef,
  InstanceSpec,
  OneOffSpec,
  Platform,
  PlatformOptions,
  RunAnswer,
  RunRequest,
  Toolchain,
} from '../platform.ts';

/** A platform under test. */
export interface Subject {
  readonly platform: Platform;
  readonly farmId: string;
  /** What another process opens the same platform with; null where it lives in this process alone. */
  readonly options: PlatformOptions | null;
  /** Ends and removes everything. */
  close(): Promise<void>;
}

/** Any Node will do, so that nothing is fetched. */
const TOOLCHAIN: Toolchain = { runtime: { name: 'node', wanted: '*' }, packageManager: null };
const APP = 'app_conformance';
const ENVIRONMENT = 'env_conformance';
const LONG_MS = 60_000;

export const unique = () => randomBytes(6).toString('hex');

export function attempt(token = 1, deploymentId = `dep_${unique()}`): AttemptRef {
  return { appId: APP, deploymentId, stage: 'build', token };
}

/** What a run said and how it ended. */
export interface Ran {
  readonly answer: RunAnswer;
  readonly output: string;
}

export type Wish = Partial<Omit<RunRequest, 'onOutput'>> & { readonly onOutput?: (text: string) => void };

/** Runs with everything that a test does not care about filled in. */
export async function run(
  platform: Platform,
  commands: readonly string[],
  { onOutput, ...wish }: Wish = {},
): Promise<Ran> {
  const chunks: Buffer[] = [];
  const answer = await platform.worker.run({
    attempt: attempt(),
    layers: [],
    publish: null,
    root: '.',
    env: {},
    toolchain: TOOLCHAIN,
    downloads: { teamId: 'team_default', trusted: true },
    timeLimitMs: LONG_MS,
    limits: LIMITS.buildResources,
    signal: new AbortController().signal,
    ...wish,
    commands,
    onOutput(chunk) {
      chunks.push(chunk);
      onOutput?.(Buffer.concat(chunks).toString());
    },
  });
  return { answer, output: Buffer.concat(chunks).toString() };
}

/** Publishes files (path → content) under a new name. */
export async function snapshotOf(platform: Platform, files: Readonly<Record<string, string>>): Promise<SnapshotRef> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), content);
    }
    return await platform.worker.importTree({ attempt: attempt(), directory, publish: `tree-${unique()}` });
  } finally {
    await rm(directory, { recursive: true });
  }
}

export function instanceSpec(
  subject: Subject,
  snapshot: SnapshotRef,
  command: string,
  wish: Partial<InstanceSpec> = {},
): InstanceSpec {
  return {
    id: `ins_${unique()}` satisfies InstanceId,
    farmId: subject.farmId,
    epoch: 1,
    appId: APP,
    environmentId: ENVIRONMENT,
    snapshot,
    root: '.',
    persist: [],
    runtime: TOOLCHAIN.runtime,
    env: {},
    limits: LIMITS.runResources,
    labels: { app: 'conformance' },
    start: { kind: 'command', command },
    port: 1,
    ...wish,
  };
}

export function oneOffSpec(
  subject: Subject,
  snapshot: SnapshotRef,
  command: string,
  wish: Partial<OneOffSpec> = {},
): OneOffSpec {
  return {
    id: `run_${unique()}` satisfies OneOffId,
    farmId: subject.farmId,
    epoch: 1,
    appId: APP,
    environmentId: ENVIRONMENT,
    snapshot,
    root: '.',
    persist: [],
    runtime: TOOLCHAIN.runtime,
    env: {},
    limits: LIMITS.buildResources,
    labels: {},
    command,
    timeLimitMs: LONG_MS,
    ...wish,
  };
}

/** A server that answers with what it was asked for; `PORT` unless another port is given. Files: `server.js`. */
export const SERVER = {
  'server.js': [
    "const { createServer } = require('node:http');",
    'const port = Number(process.argv[2] ?? process.env.PORT);',
    "createServer((request, response) => { console.log(request.url); response.end(`${process.env.GREETING ?? 'hello'} ${request.url}`); })",
    "  .listen(port, '0.0.0.0', () => console.log('listening'));",
    '',
  ].join('\n'),
};
