import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../process/failure.mjs';
import { findProgram } from '../process/find-program.mjs';
import { run } from '../process/run.mjs';
import { installCommand, installSystemPackage } from './package-manager.mjs';

/**
 * A program that comes from the system's package manager.
 *
 * @typedef {object} Tool
 * @property {string} why
 * @property {readonly string[]} programs any one of these will do
 * @property {() => string | undefined} [find] where it lives when that is not on PATH
 * @property {readonly [number, number]} [minimum] lowest version
 * @property {Omit<import('./package-manager.mjs').SystemPackage, 'name'>} packages
 */

const COMPOSE_PLUGINS = [
  join(homedir(), '.docker/cli-plugins/docker-compose'),
  '/usr/local/lib/docker/cli-plugins/docker-compose',
  '/usr/libexec/docker/cli-plugins/docker-compose',
  '/usr/lib/docker/cli-plugins/docker-compose',
];

/** Debian keeps PostgreSQL's server off PATH, by version; the newest is taken. */
export function findPostgres() {
  const base = '/usr/lib/postgresql';
  const versions = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(base, version, 'bin', 'postgres')).find((path) => existsSync(path));
}

/** @satisfies {Record<string, Tool>} */
const tools = {
  redis: {
    why: 'Redis or Valkey keeps the records, queues and routes',
    programs: ['redis-server', 'valkey-server'],
    minimum: /** @type {const} */ ([6, 2]),
    packages: {
      debian: ['redis-server'],
      brew: 'redis',
      dnf: 'valkey',
      apk: 'valkey',
      pacman: 'valkey',
      services: ['redis-server'],
    },
  },
  docker: {
    why: 'the docker platform and its tests run containers',
    // On Linux a client without its engine is no help; elsewhere the engine is an application that brings the client.
    programs: process.platform === 'linux' ? ['dockerd'] : ['docker'],
    packages: { debian: ['docker.io'], brew: 'docker', services: ['docker', 'docker.socket', 'containerd'] },
  },
  'docker-compose': {
    why: 'the compose file is started for real',
    programs: ['docker-compose'],
    find: () => COMPOSE_PLUGINS.find((path) => existsSync(path)),
    packages: { debian: ['docker-compose'], services: [] },
  },
  debootstrap: {
    why: 'base images are made on this machine, from its own package mirror',
    programs: ['debootstrap'],
    packages: { debian: ['debootstrap'] },
  },
  chromium: {
    why: 'the dashboard is tested in a browser',
    programs: ['chromium', 'chromium-browser', 'google-chrome'],
    packages: { debian: ['chromium'], brew: 'chromium' },
  },
  prometheus: {
    why: 'metrics and dashboards are tested against the real thing',
    programs: ['prometheus'],
    packages: { debian: ['prometheus'], services: ['prometheus', 'prometheus-node-exporter'] },
  },
  sshd: {
    why: 'deploy keys are tested against a real SSH server',
    programs: ['sshd'],
    // Not on everybody's PATH.
    find: () => ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path)),
    packages: { debian: ['openssh-server'], dnf: 'openssh-server', apk: 'openssh', services: ['ssh'] },
  },
  postgresql: {
    why: 'migrations are tested against a real database',
    programs: ['postgres'],
    find: findPostgres,
    packages: { debian: ['postgresql'], services: ['postgresql'] },
  },
};

/** @typedef {keyof typeof tools} ToolName */

/**
 * Makes sure that a tool is here, and says where.
 *
 * @param {ToolName} name
 * @returns {Promise<string>} the program's full path
 * @throws {Failure} with one line that says what is missing and what to run
 */
export async function ensureTool(name) {
  /** @type {Tool} */
  const tool = tools[name];
  const found = await usable(tool);
  if (found.path) return found.path;
  const wanted = { name, ...tool.packages };
  if (found.tooOld) throw new Failure(`${found.tooOld} Install a newer one: ${installCommand(wanted)}`);
  await installSystemPackage(wanted, tool.why);
  const installed = await usable(tool);
  if (installed.path) return installed.path;
  throw new Failure(installed.tooOld ?? `${name} was installed, yet none of ${tool.programs.join(', ')} is on PATH.`);
}

/**
 * @param {Tool} tool
 * @returns {Promise<{ path?: string, tooOld?: string }>}
 */
async function usable(tool) {
  let tooOld;
  for (const path of [...tool.programs.map(findProgram), tool.find?.()]) {
    if (!path) continue;
    if (!tool.minimum) return { path };
    const version = await versionOf(path);
    if (version && isAtLeast(version, tool.minimum)) return { path };
    tooOld ??= `${path} is version ${version?.join('.') ?? 'unknown'}, and Switchyard needs ${tool.minimum.join('.')} or later.`;
  }
  return tooOld ? { tooOld } : {};
}

/** Redis says `Redis server v=7.0.15 sha=…`, Valkey `Valkey server v=8.0.1 …`. */
async function versionOf(path) {
  const { output } = await run(path, ['--version'], { output: 'capture', timeoutMs: 10_000 });
  const match = /v=(\d+)\.(\d+)\.(\d+)/.exec(output);
  return match ? match.slice(1, 4).map(Number) : undefined;
}

/** @param {readonly number[]} version @param {readonly number[]} minimum */
function isAtLeast([major, minor], [neededMajor, neededMinor]) {
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}
