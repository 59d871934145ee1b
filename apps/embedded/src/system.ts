import { resolve } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import type { EmbeddedConfig, Environment } from './config.ts';
import { type Lock, type StartedProcess, takeLock } from './lock.ts';
import type { Output } from './output.ts';
import { ensurePortsFree, ensureReachable, ensureWritable } from './preflight.ts';
import { identityOf } from './process-identity.ts';
import { prepareRedis, startRedis } from './redis-server.ts';
import { type Supervised, supervise } from './supervise.ts';
import { launchProcess, PROCESSES, processEnvironment } from './switchyard-processes.ts';

const REDIS_STOP_LIMIT_MS = 10_000;
/** A process that dies this often before everything runs is not going to come. */
const GIVE_UP_AFTER_DEATHS = 4;
/** Killing them is safe by design; what they would say goodbye to, their Redis, has mostly gone with the start that died. */
const LEFTOVER_GRACE_MS = 3_000;

export interface System {
  readonly dataDirectory: string;
  /** Rejects when a process gives up while `starting`; never resolves. */
  readonly failed: Promise<never>;
  /** From now on a process that ends is started again, whatever it said. */
  started(): void;
  /** Ends everything in order; what does not end in its time is killed. */
  stop(): Promise<void>;
  /** Ends everything at once. */
  kill(): void;
}

/** Checks the machine, takes the data directory and starts Redis and our processes. What was started is ended again when it fails. */
export async function startSystem(config: EmbeddedConfig, environment: Environment, output: Output): Promise<System> {
  const dataDirectory = resolve(config.SWITCHYARD_DATA_DIR);
  await ensureWritable(dataDirectory);
  const lock = await takeLock(dataDirectory, { graceMs: LEFTOVER_GRACE_MS, say: (line) => output.say(line) });
  const system = assemble(lock, output);
  try {
    await ensurePortsFree(config.SWITCHYARD_LISTEN_HOST, [
      { port: config.SWITCHYARD_API_PORT, setting: 'SWITCHYARD_API_PORT' },
      { port: config.SWITCHYARD_ROUTER_PORT, setting: 'SWITCHYARD_ROUTER_PORT' },
    ]);
    if (config.REDIS_URL !== undefined) await ensureReachable(config.REDIS_URL);
    const redisUrl = config.REDIS_URL ?? (await system.addRedis(dataDirectory, environment['PATH'] ?? ''));
    for (const { name, stopLimitMs } of PROCESSES) {
      const env = processEnvironment(name, { environment, config, dataDirectory, redisUrl });
      await system.add(name, stopLimitMs, async () => {
        const child = launchProcess(name, env);
        output.follow(child, name, (message) => system.gaveUp(name, message));
        return await Promise.resolve(child);
      });
    }
    return { dataDirectory, ...system };
  } catch (error) {
    await system.stop();
    throw error;
  }
}

interface Member {
  readonly process: Supervised;
  readonly stopLimitMs: number;
}

function assemble(lock: Lock, output: Output) {
  const members: Member[] = [];
  const lastWords = new Map<string, string>();
  let starting = true;
  let stopping: Promise<void> | null = null;
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  let remembering = Promise.resolve();
  const remember = (): void => {
    if (stopping !== null) return;
    remembering = remembering.then(async () => {
      const started: StartedProcess[] = [];
      for (const { process } of members) {
        const pid = process.pid();
        const identity = pid === null ? null : await identityOf(pid);
        if (identity !== null) started.push({ name: process.name, ...identity });
      }
      await lock.remember(started);
    });
    remembering = remembering.catch((error: unknown) => output.warn(`The lock can't be written: ${String(error)}`));
  };

  const add = async (
    name: string,
    stopLimitMs: number,
    launch: Parameters<typeof supervise>[0]['launch'],
  ): Promise<void> => {
    let deaths = 0;
    const process = await supervise({
      name,
      launch,
      onChange: remember,
      onDeath(how, delayMs) {
        deaths += 1;
        const said = lastWords.get(name);
        lastWords.delete(name);
        if (starting && said !== undefined) {
          fail(new SwitchyardError('config-invalid', said));
          return false;
        }
        if (starting && deaths >= GIVE_UP_AFTER_DEATHS) {
          fail(new SwitchyardError('internal', `${name} does not stay up (${how}); its lines above say why.`));
          return false;
        }
        output.warn(`${name} ended (${how}); starting it again${delayMs >= 1_000 ? ` in ${delayMs / 1_000} s` : ''}`);
        return true;
      },
      onLaunchFailure: (error) =>
        output.warn(`${name} can't be started: ${error instanceof Error ? error.message : String(error)}`),
    });
    members.push({ process, stopLimitMs });
    remember();
  };

  return {
    failed,
    add,
    started() {
      starting = false;
    },
    gaveUp(name: string, message: string) {
      lastWords.set(name, message);
    },
    async addRedis(dataDirectory: string, path: string): Promise<string> {
      const installation = await prepareRedis(dataDirectory, path);
      let server = await startRedis(installation);
      const { url, port } = server;
      let first = true;
      await add('redis', REDIS_STOP_LIMIT_MS, async () => {
        if (!first) server = await startRedis(installation, port);
        first = false;
        return server.process;
      });
      return url;
    },
    stop(): Promise<void> {
      stopping ??= (async () => {
        await remembering;
        // Redis was first to start and is the last to stop.
        const redis = members.filter(({ process }) => process.name === 'redis');
        for (const { process, stopLimitMs } of [...members.filter((member) => !redis.includes(member)), ...redis])
          await process.stop(stopLimitMs);
        await lock.release();
      })();
      return stopping;
    },
    kill() {
      for (const { process } of members) process.kill();
    },
  };
}
