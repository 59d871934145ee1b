import { setMaxListeners } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '@switchyard/client';
import { SwitchyardError } from '@switchyard/domain';
import { readAdminToken } from '@switchyard/service';
import picocolors from 'picocolors';
import { answersAt } from './app-answers.ts';
import { closingLines, commandSettings } from './closing.ts';
import { type EmbeddedConfig, type Environment, readEmbeddedConfig } from './config.ts';
import { EXAMPLE_APP, ensureExample } from './example.ts';
import { commitDirectory, hostVersions } from './example-repository.ts';
import { createOutput, type Output } from './output.ts';
import { type System, startSystem } from './system.ts';

const READY_LIMIT_MS = 60_000;
const LIVE_LIMIT_MS = 30_000;
const POLL_MS = 50;
const EXIT = { ok: 0, failed: 1 } as const;

/** `npm start` from start to stop. Answers the exit code when nothing of it runs any more. */
export async function runEmbedded(): Promise<number> {
  const output = createOutput();
  const stopped = new AbortController();
  const { signal } = stopped;
  const ended = new AbortController();
  // What still waits when the start fails must not keep the process running.
  const waiting = AbortSignal.any([signal, ended.signal]);
  // Every app that is waited for listens: Node warns of a leak from the eleventh on.
  setMaxListeners(0, waiting);
  let system: System | undefined;
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals === 1) output.say('stopping; once more to end everything at once');
    if (signals > 1) system?.kill();
    stopped.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);

  try {
    const { config, environment } = readEmbeddedConfig();
    system = await startSystem(config, environment, output);
    // A signal during the start: `system` was not there to be stopped yet.
    if (!signal.aborted)
      await Promise.race([
        bringUp({ config, environment, output, system, signal: waiting }),
        system.failed,
        whenAborted(waiting),
      ]);
    system.started();
    if (!signal.aborted) await whenAborted(signal);
    return EXIT.ok;
  } catch (error) {
    if (signal.aborted) return EXIT.ok;
    output.print(`\n${picocolors.red(picocolors.bold('Switchyard can’t start.'))} ${explain(error)}\n`);
    return EXIT.failed;
  } finally {
    ended.abort();
    const startedAt = performance.now();
    await system?.stop();
    if (signal.aborted && system !== undefined)
      output.say(`stopped everything in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
  }
}

interface Start {
  readonly config: EmbeddedConfig;
  readonly environment: Environment;
  readonly output: Output;
  readonly system: System;
  readonly signal: AbortSignal;
}

async function bringUp(start: Start): Promise<void> {
  const { config, output, system, signal } = start;
  const apiUrl = `http://localhost:${config.SWITCHYARD_API_PORT}`;
  const tokenFile = config.SWITCHYARD_ADMIN_TOKEN_FILE ?? join(system.dataDirectory, 'admin-token');
  const client = createClient({
    baseUrl: `http://${reachable(config.SWITCHYARD_LISTEN_HOST)}:${config.SWITCHYARD_API_PORT}`,
    token: await readAdminToken(tokenFile),
    kind: 'example',
  });
  await whenReady(client, signal);
  system.started();
  const live = (await client.listApps()).filter((app) => app.live !== null);
  if (config.SWITCHYARD_EXAMPLE && !live.some(({ name }) => name === EXAMPLE_APP)) {
    const { app } = await ensureExample({ client, output, signal, repository: () => makeRepository(start) });
    if (app.live !== null) live.push(app);
  }
  await Promise.all(live.map(({ name, url }) => whenLive(name, url, start)));
  if (signal.aborted) return;
  const facts = {
    apiUrl,
    apps: live,
    tokenFile: fromHere(tokenFile),
    dataDirectory: fromHere(system.dataDirectory),
    commandSettings: commandSettings({ apiUrl, tokenFile: fromHere(tokenFile) }),
  };
  for (const line of closingLines(facts, picocolors)) output.print(line);
}

async function makeRepository({ system, environment }: Start): Promise<string> {
  const directory = fileURLToPath(new URL('../../../examples/hello', import.meta.url));
  const repository = join(system.dataDirectory, 'examples', 'hello.git');
  await mkdir(join(system.dataDirectory, 'examples'), { recursive: true });
  const files = await hostVersions(directory, environment);
  await commitDirectory({ directory, repository, message: 'Say hello', files }, environment);
  return repository;
}

async function whenReady(client: Client, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_LIMIT_MS;
  let missing = 'the api does not answer';
  while (!signal.aborted) {
    const readiness = await client.ready().catch(() => null);
    if (readiness?.ready === true) return;
    if (readiness !== null)
      missing = readiness.parts
        .filter((part) => !part.ready)
        .map((part) => part.reason ?? `${part.name} is not ready`)
        .join('; ');
    if (performance.now() > deadline)
      throw new SwitchyardError(
        'unavailable',
        `Not ready after ${READY_LIMIT_MS / 1_000} s: ${missing}. The lines above say more.`,
      );
    await pause(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Waits until an app that is live answers: after a restart its instances are started again. */
async function whenLive(name: string, url: string, { config, output, signal }: Start): Promise<void> {
  const address = { host: reachable(config.SWITCHYARD_LISTEN_HOST), port: config.SWITCHYARD_ROUTER_PORT };
  const deadline = performance.now() + LIVE_LIMIT_MS;
  while (!signal.aborted) {
    if (await answersAt(url, address)) return;
    if (performance.now() > deadline) {
      output.warn(`${name} does not answer at ${url} yet; \`npm run --silent switchyard -- status ${name}\` says more`);
      return;
    }
    await pause(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    // The signal alone would not keep the process running when everything else is idle.
    const alive = setInterval(() => undefined, 3_600_000);
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(alive);
        resolve();
      },
      { once: true },
    );
  });
}

/** An address to connect to, where the one to listen on means "all". */
function reachable(listenHost: string): string {
  if (listenHost === '0.0.0.0') return '127.0.0.1';
  if (listenHost === '::') return '[::1]';
  return listenHost.includes(':') ? `[${listenHost}]` : listenHost;
}

/** A path as one would type it here, where that is shorter. */
function fromHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}

function explain(error: unknown): string {
  if (error instanceof SwitchyardError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
