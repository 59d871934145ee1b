import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Farm } from '@switchyard/domain';
// @boundaries-ignore the images are made by the script that the test runner uses too
import { ensureImage } from '../../scripts/base-image.mjs';
import { removeFarm } from '../harness/docker-farm.ts';
import { freePorts } from '../harness/system.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND_TIMEOUT_MS = 420_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const NODE_IMAGE = 'node:24-bookworm-slim';
const SHOWN_OUTPUT_CHARS = 6_000;
/** The user our processes run as in the image. */
const NODE_UID = 1000;

/** The compose file of the root, started under names of its own beside whatever else the engine runs. */
export interface Composition {
  readonly apiUrl: string;
  readonly routerPort: number;
  readonly prometheusUrl: string;
  readonly grafanaUrl: string;
  /** Whether Grafana is the real one; it is not where no registry can be reached. */
  readonly grafanaIsReal: boolean;
  /** A directory of this machine that the containers see as /srv/repositories. */
  readonly repositories: string;
  /** `docker-compose …`, whichever version is there; answers its standard output. */
  compose(...args: string[]): Promise<string>;
  /** Ids of containers on the apps' network that compose did not start: instances. */
  containersOfApps(): Promise<string[]>;
  /** Lets the containers' user own what is in `repositories`: Git takes no repository of somebody else. */
  handOver(): Promise<void>;
  /** Removes containers (those of apps too), volumes, networks and images. Also after half a start; safe to call twice. */
  remove(): Promise<void>;
}

async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, { timeout: COMMAND_TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES });
  return stdout.trim();
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** Compose v2 where the plugin is there, else docker-compose 1. */
async function composeCommand(): Promise<[string, ...string[]]> {
  return await run('docker', ['compose', 'version']).then(
    (): [string, ...string[]] => ['docker', 'compose'],
    (): [string, ...string[]] => ['docker-compose'],
  );
}

/** Everything a start needs, without starting it: what is made from here on is found by `remove`. */
export async function prepareComposition(): Promise<Composition> {
  const name = `switchyard-test-${randomBytes(4).toString('hex')}`;
  const appsNetwork = `${name}-apps`;
  const image = `switchyard:${name}`;
  const repositories = await mkdtemp(join(tmpdir(), 'repositories-'));
  const [api, router, prometheus, grafana] = await freePorts(4);
  for (const needed of [NODE_IMAGE, 'redis:7-bookworm', 'prom/prometheus:v3.5.0']) await ensureImage(needed);
  const grafanaIsReal = await ensureImage('grafana/grafana:12.1.1').then(
    () => true,
    () => false,
  );
  const files = ['docker-compose.yml', 'tests/compose/repositories.yml'];
  if (!grafanaIsReal) files.push('tests/compose/grafana-stand-in.yml');
  const [program, ...first] = await composeCommand();
  const options = [
    ...first,
    '--project-name',
    name,
    '--project-directory',
    root,
    ...files.flatMap((f) => ['--file', join(root, f)]),
  ];
  const env = {
    ...process.env,
    SWITCHYARD_VERSION: name,
    SWITCHYARD_REDIS_PASSWORD: randomBytes(16).toString('hex'),
    SWITCHYARD_API_PORT: String(api),
    SWITCHYARD_PUBLIC_URL: `http://127.0.0.1:${api}`,
    SWITCHYARD_ROUTER_PORT: String(router),
    SWITCHYARD_ROUTER_BIND: '127.0.0.1',
    SWITCHYARD_PROMETHEUS_PORT: String(prometheus),
    SWITCHYARD_GRAFANA_PORT: String(grafana),
    SWITCHYARD_DOCKER_NETWORK: appsNetwork,
    SWITCHYARD_ALLOW_FILE_REPOSITORIES: '1',
    SWITCHYARD_TEST_REPOSITORIES: repositories,
  };

  async function compose(...args: string[]): Promise<string> {
    const limits = { timeout: COMMAND_TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES };
    try {
      return (await run(program, [...options, ...args], { cwd: root, env, ...limits })).stdout.trim();
    } catch (error) {
      // A build tells on its standard output why it failed.
      const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
      throw new Error(`docker-compose ${args.join(' ')} failed\n${output.slice(-SHOWN_OUTPUT_CHARS)}`, {
        cause: error,
      });
    }
  }

  /** Those on the apps' network that compose did not start. */
  async function containersOfApps(): Promise<string[]> {
    const attached = await docker('ps', '--all', '--quiet', '--no-trunc', '--filter', `network=${appsNetwork}`);
    const ours = new Set(
      lines(
        await docker('ps', '--all', '--quiet', '--no-trunc', '--filter', `label=com.docker.compose.project=${name}`),
      ),
    );
    return lines(attached).filter((id) => !ours.has(id));
  }

  /** What the processes made on the engine: instances, stage containers, snapshots, volumes. All of it carries the farm's id. */
  async function removeWhatProcessesMade(): Promise<void> {
    const read = ['--volume', `${name}_data:/data:ro`, NODE_IMAGE, 'cat', '/data/farm.json'];
    const text = await docker('run', '--rm', '--user', 'root', ...read).catch(() => null);
    // null: the start did not get as far as a farm.
    if (text !== null) await removeFarm(Farm.pick({ id: true }).parse(JSON.parse(text)).id);
  }

  return {
    apiUrl: `http://127.0.0.1:${api}`,
    routerPort: Number(router),
    prometheusUrl: `http://127.0.0.1:${prometheus}`,
    grafanaUrl: `http://127.0.0.1:${grafana}`,
    grafanaIsReal,
    repositories,
    compose,
    containersOfApps,
    async handOver() {
      await chown(repositories, NODE_UID, NODE_UID);
      for (const entry of await readdir(repositories, { recursive: true })) {
        await chown(join(repositories, entry), NODE_UID, NODE_UID);
      }
    },
    async remove() {
      // First those who would start again what is taken away.
      await compose('stop', '--timeout', '15');
      await removeWhatProcessesMade();
      await compose('down', '--volumes', '--remove-orphans', '--timeout', '15');
      await docker('image', 'rm', '--force', image).catch(() => '');
      await docker('image', 'prune', '--force', '--filter', 'label=dev.switchyard.stage=build');
      await rm(repositories, { recursive: true, force: true });
    },
  };
}
