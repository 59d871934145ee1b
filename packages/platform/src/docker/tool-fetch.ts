import { randomBytes } from 'node:crypto';
import { SwitchyardError } from '@switchyard/domain';
import type { Container } from 'dockerode';
import semver from 'semver';
import { z } from 'zod';
import { newest, runsOn, type Tool } from '../local/toolchain-versions.ts';
import { execute, executeForText } from './exec.ts';
import { TOOLS_DIRECTORY } from './farm-volumes.ts';
import { PLACES, USER } from './names.ts';

export interface PlacedTool {
  readonly version: string;
  /** Directory for PATH. */
  readonly bin: string;
}

export interface ToolFetch {
  /** In a container that has the tools volume, writable. */
  readonly container: Container;
  /** Of commands there: certificates and proxies. */
  readonly env: Readonly<Record<string, string>>;
  /** Version of the Node that the tool has to run on; null for Node itself. */
  readonly node: string | null;
  readonly onOutput: (chunk: Buffer) => void;
}

const Versions = z.union([z.array(z.string()), z.string().transform((only) => [only])]);
const LAST_LINES = 8;

const prefixOf = (tool: Tool) => `${tool.package.replaceAll('/', '+')}-`;
const homeOf = (tool: Tool, version: string) => `${TOOLS_DIRECTORY}/${prefixOf(tool)}${version}`;
const placed = (tool: Tool, version: string): PlacedTool => ({
  version,
  bin: `${homeOf(tool, version)}/node_modules/.bin`,
});
const suits = (tool: Tool, version: string, node: string | null) => node === null || runsOn(tool, version, node);

/** The newest version in the range that the volume has, else the newest that the registry has. */
export async function placeTool(tool: Tool, fetch: ToolFetch): Promise<PlacedTool> {
  const present = newest(await presentVersions(tool, fetch), tool.range);
  if (present !== null) return placed(tool, present);
  const exact = semver.valid(tool.range);
  return await fetchVersion(tool, exact ?? (await newestPublished(tool, fetch)), fetch);
}

async function presentVersions(tool: Tool, { container, node }: ToolFetch): Promise<string[]> {
  const { text } = await executeForText(container, { command: ['ls', '-1', TOOLS_DIRECTORY], user: USER });
  const prefix = prefixOf(tool);
  return text
    .split('\n')
    .filter((name) => name.startsWith(prefix))
    .flatMap((name) => semver.valid(name.slice(prefix.length)) ?? [])
    .filter((version) => suits(tool, version, node));
}

async function newestPublished(tool: Tool, fetch: ToolFetch): Promise<string> {
  const text = await npm(['view', tool.package, 'versions', '--json', '--loglevel=error'], tool.name, fetch);
  const versions = Versions.parse(JSON.parse(text)).filter((version) => suits(tool, version, fetch.node));
  const version = newest(versions, tool.range);
  if (version !== null) return version;
  const beside = fetch.node === null ? '' : ` that runs on Node ${fetch.node}`;
  throw new SwitchyardError(
    'toolchain-unavailable',
    `There is no version of ${tool.name} in the range ${tool.range}${beside}. Ask for another range.`,
  );
}

/** Installed beside its place and renamed there, so that one that is there is whole. Install scripts do not run. */
async function fetchVersion(tool: Tool, version: string, fetch: ToolFetch): Promise<PlacedTool> {
  fetch.onOutput(Buffer.from(`Fetching ${tool.name} ${version}\n`));
  const making = `${TOOLS_DIRECTORY}/.making-${randomBytes(6).toString('hex')}`;
  const install = [
    'install',
    '--prefix',
    making,
    '--no-save',
    '--no-package-lock',
    '--ignore-scripts',
    '--loglevel=error',
  ];
  try {
    await npm([...install, `${tool.package}@${version}`], `${tool.name} ${version}`, fetch);
    // bun's platform packages name no commands; the other's links are there already.
    const links =
      tool.name === 'bun'
        ? `for name in bun bunx; do ln -sf ../${tool.package}/bin/bun "$1/node_modules/.bin/$name"; done`
        : ':';
    const script = `mkdir -p "$1/node_modules/.bin" && ${links} && { mv -T "$1" "$2" 2>/dev/null || [ -d "$2" ]; }`;
    await execute(fetch.container, {
      command: ['/bin/sh', '-c', script, 'sh', making, homeOf(tool, version)],
      user: USER,
    });
  } finally {
    await execute(fetch.container, { command: ['rm', '-rf', making], user: USER }).catch(() => {});
  }
  return placed(tool, version);
}

async function npm(args: readonly string[], what: string, { container, env }: ToolFetch): Promise<string> {
  const { code, text } = await executeForText(container, {
    command: ['npm', ...args],
    user: USER,
    env: {
      HOME: PLACES.home,
      npm_config_cache: `${PLACES.caches}/npm`,
      npm_config_update_notifier: 'false',
      npm_config_fund: 'false',
      npm_config_audit: 'false',
      npm_config_fetch_retries: '2',
      ...env,
    },
  });
  if (code === 0) return text;
  const lines = text.trim().split('\n').slice(-LAST_LINES).join('\n');
  throw new SwitchyardError('toolchain-unavailable', `${what} can't be fetched. npm says: ${lines}`, {
    disk: /ENOSPC/.test(text),
  });
}
