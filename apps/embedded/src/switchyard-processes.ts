import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SwitchyardError } from '@switchyard/domain';
import type { EmbeddedConfig, Environment } from './config.ts';

/**
 * Our own processes in the order in which they are stopped, with how long each may take: no new work first, then the work under way,
 * then the apps, then their traffic.
 */
export const PROCESSES = [
  { name: 'api', stopLimitMs: 5_000 },
  { name: 'worker', stopLimitMs: 5_000 },
  { name: 'runner', stopLimitMs: 15_000 },
  { name: 'router', stopLimitMs: 5_000 },
] as const;

export type ProcessName = (typeof PROCESSES)[number]['name'];

/** The environment of a process of ours: what the user set, and what this start decided. */
export function processEnvironment(
  name: ProcessName,
  facts: { environment: Environment; config: EmbeddedConfig; dataDirectory: string; redisUrl: string },
): Record<string, string> {
  const { environment, config, dataDirectory, redisUrl } = facts;
  const given = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    ...Object.fromEntries(given),
    REDIS_URL: redisUrl,
    SWITCHYARD_DATA_DIR: dataDirectory,
    SWITCHYARD_API_PORT: String(config.SWITCHYARD_API_PORT),
    SWITCHYARD_ROUTER_PORT: String(config.SWITCHYARD_ROUTER_PORT),
    SWITCHYARD_LISTEN_HOST: config.SWITCHYARD_LISTEN_HOST,
    SWITCHYARD_PLATFORM: config.SWITCHYARD_PLATFORM,
    // Who starts this owns the machine; the example's repository is a directory of it.
    SWITCHYARD_ALLOW_FILE_REPOSITORIES: environment['SWITCHYARD_ALLOW_FILE_REPOSITORIES'] ?? '1',
    SWITCHYARD_ALLOW_PRIVATE_REPOSITORIES: environment['SWITCHYARD_ALLOW_PRIVATE_REPOSITORIES'] ?? '1',
    // One setting for four processes on one machine can't be a fixed port.
    SWITCHYARD_METRICS_PORT: '0',
    // Ctrl-C ends everything within seconds: what is in hand is handed back, and goes on with the next start.
    SWITCHYARD_DRAIN_DEADLINE_S: '',
    ...(name === 'runner' ? { SWITCHYARD_STOP_INSTANCES_ON_EXIT: '1' } : {}),
  };
}

/**
 * Starts one of our processes in a session of its own, so that Ctrl-C reaches it in its turn and not at once. The IPC channel carries
 * nothing: when it closes, the process knows that this one has died, and stops.
 */
export function launchProcess(name: ProcessName, env: Record<string, string>): ChildProcess {
  const entry = fileURLToPath(new URL(`../../${name}/dist/main.js`, import.meta.url));
  if (!existsSync(entry))
    throw new SwitchyardError('config-invalid', `${entry} is missing; \`npm run build\` makes it.`);
  const child = spawn(process.execPath, [entry], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  child.on('error', () => undefined);
  return child;
}
