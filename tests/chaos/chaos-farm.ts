import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DeploymentView } from '@switchyard/client';
import { type CountingAppOptions, countingApp } from '../harness/counting-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { openToApps } from '../harness/shop.ts';
import { type System, startSystem } from '../harness/system.ts';

type Pushed = Omit<CountingAppOptions, 'version' | 'directory'>;

/** One push of an app, and the deployment that it asked for. */
export interface Push {
  readonly app: string;
  readonly version: number;
  readonly id: string;
  readonly fails: CountingAppOptions['fails'];
  readonly migrates: boolean;
}

/** What a visitor of an app has been answered, in order. */
export interface Visits {
  readonly versions: readonly number[];
  /** Visits without a 200 after the first one with it. */
  readonly failures: readonly string[];
}

/** A whole Switchyard with apps whose effects are counted outside of it. */
export interface ChaosFarm {
  readonly system: System;
  readonly apps: readonly string[];
  /** Commits the next version of an app and asks for its deployment, again and again while nobody answers. */
  push(app: string, options?: Pushed): Promise<Push>;
  /** Lines that migrations or starts have left, each the id of a deployment. */
  effects(app: string, of: 'migrated' | 'started'): Promise<string[]>;
  /** Visits all apps until it is called back. */
  visitAll(): () => Promise<ReadonlyMap<string, Visits>>;
  ended(push: Push, timeoutMs: number): Promise<DeploymentView>;
  close(): Promise<void>;
}

const ENDED = new Set(['succeeded', 'failed', 'cancelled', 'superseded', 'timed_out']);
const VISIT_EVERY_MS = 250;
const ASK_AGAIN_MS = 200;

export async function openChaosFarm(options: { apps: number; env?: Record<string, string> }): Promise<ChaosFarm> {
  const ends: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const outside = await openToApps(await mkdtemp(join(tmpdir(), 'outside-')));
    ends.push(() => rm(outside, { recursive: true, force: true }));
    const system = await startSystem(options.env === undefined ? {} : { env: options.env });
    ends.push(() => system.stop());
    const apps = Array.from({ length: options.apps }, (_, index) => `app-${index + 1}`);
    const repositories = new Map<string, Repository>();
    const versions = new Map<string, number>();
    const directoryOf = (app: string): string => join(outside, app);
    for (const app of apps) {
      await mkdir(directoryOf(app));
      await openToApps(directoryOf(app));
      const repository = await createRepository({ 'README.md': app });
      ends.push(() => repository.remove());
      repositories.set(app, repository);
      await system.client.createApp({ name: app, repository: repository.url });
    }

    /** A client that goes on asking while the api or Redis is away. */
    async function insist<Answer>(ask: () => Promise<Answer>, timeoutMs: number): Promise<Answer> {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        try {
          return await ask();
        } catch (error) {
          if (performance.now() > deadline) throw error;
        }
        await pause(ASK_AGAIN_MS);
      }
    }

    return {
      system,
      apps,
      async push(app, pushed = {}) {
        const repository = repositories.get(app);
        if (repository === undefined) throw new Error(`no app ${app}`);
        const version = (versions.get(app) ?? 0) + 1;
        versions.set(app, version);
        await repository.commit(countingApp({ ...pushed, version, directory: directoryOf(app) }));
        const { id } = await insist(() => system.client.deploy(app), 60_000);
        return { app, version, id, fails: pushed.fails, migrates: pushed.migrates ?? true };
      },
      async effects(app, of) {
        const file = join(directoryOf(app), of);
        return existsSync(file) ? (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '') : [];
      },
      visitAll() {
        const stopping = new AbortController();
        const seen = new Map<string, { versions: number[]; failures: string[] }>();
        const loops = apps.map(async (app) => {
          const visits = { versions: [] as number[], failures: [] as string[] };
          seen.set(app, visits);
          while (!stopping.signal.aborted) {
            const { status, body } = await system
              .visit(app)
              .catch((error: Error) => ({ status: 0, body: error.message }));
            if (status === 200) {
              if (visits.versions.at(-1) !== Number(body)) visits.versions.push(Number(body));
            } else if (visits.versions.length > 0) visits.failures.push(`${status} ${body.slice(0, 80)}`);
            await pause(VISIT_EVERY_MS);
          }
        });
        return async () => {
          stopping.abort();
          await Promise.all(loops);
          return seen;
        };
      },
      async ended({ id }, timeoutMs) {
        const deadline = performance.now() + timeoutMs;
        for (;;) {
          const deployment = await insist(() => system.client.deployment(id), 60_000);
          if (ENDED.has(deployment.status)) return deployment;
          if (performance.now() > deadline) throw new Error(`${id} has not ended: ${JSON.stringify(deployment)}`);
          await pause(ASK_AGAIN_MS);
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
