import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, utimesSync } from 'node:fs';
import { mkdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import { execa } from 'execa';
import semver from 'semver';
import type { ResolvedToolchain, Toolchain } from '../platform.ts';
import { isErrno, onDisk } from './disk.ts';
import { removeTree } from './file-tree.ts';
import { COMMAND_PATH, findHostNpm, type HostNpm, hostTarget } from './host-tools.ts';
import { type FetchOptions, openNpmFetch } from './npm-fetch.ts';
import { asRange, newest, nodeTool, packageManagerTool, runsOn, type Tool } from './toolchain-versions.ts';

export interface PlacedToolchain extends ResolvedToolchain {
  /** The PATH of commands. */
  readonly path: string;
}

/**
 * `<data>/toolchains/<tool>-<version>/`, published by rename, and `host-…/bin` with links to what the host has. What is there already
 * and what the host has come first: only a version that neither satisfies is fetched.
 */
export interface Toolchains {
  resolve(toolchain: Toolchain, options: FetchOptions): Promise<PlacedToolchain>;
}

interface Found {
  readonly version: string;
  readonly bin: string;
}

const PLATFORM = `${process.platform}-${process.arch}`;

export function openToolchains(place: {
  directory: string;
  caches: string;
  variables: Readonly<Record<string, string>>;
}): Toolchains {
  const { directory } = place;
  const npmFetch = openNpmFetch({
    versionsDir: join(directory, 'versions'),
    cache: join(place.caches, 'npm'),
    variables: place.variables,
  });
  const fetches = new Map<string, Promise<Found>>();

  const homeOf = (tool: Tool, version: string) => join(directory, `${tool.package.replaceAll('/', '+')}-${version}`);
  const binOf = (tool: Tool, version: string) => join(homeOf(tool, version), 'node_modules', '.bin');

  /** A directory of links, named by what they point to, so that it never has to change. */
  function linksTo(word: string, links: Readonly<Record<string, string>>): string {
    const name = `host-${word}-${createHash('sha256').update(JSON.stringify(links)).digest('hex').slice(0, 12)}`;
    const home = join(directory, name);
    if (!existsSync(home)) {
      const making = join(directory, `.${name}-${randomBytes(6).toString('hex')}`);
      mkdirSync(making, { recursive: true });
      for (const [command, path] of Object.entries(links)) symlinkSync(path, join(making, command));
      try {
        renameSync(making, home);
      } catch (error) {
        if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
      }
    }
    return home;
  }

  function present(tool: Tool, node: string | null): Found | null {
    const prefix = `${tool.package.replaceAll('/', '+')}-`;
    const versions = (existsSync(directory) ? readdirSync(directory) : [])
      .filter((name) => name.startsWith(prefix))
      .flatMap((name) => semver.valid(name.slice(prefix.length)) ?? [])
      .filter((version) => node === null || runsOn(tool, version, node));
    const version = newest(versions, tool.range);
    if (version === null) return null;
    const now = new Date();
    try {
      // When it was last used, for whoever has to free the disk.
      utimesSync(homeOf(tool, version), now, now);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return null;
      throw error;
    }
    return { version, bin: binOf(tool, version) };
  }

  async function wantedVersion(tool: Tool, node: string | null, options: FetchOptions): Promise<string> {
    const exact = semver.valid(tool.range);
    if (exact !== null) return exact;
    for (const notOlderThan of ['a-day', 'now'] as const) {
      const versions = await npmFetch.versions(tool.package, { ...options, notOlderThan });
      const version = newest(
        versions.filter((one) => node === null || runsOn(tool, one, node)),
        tool.range,
      );
      if (version !== null) return version;
    }
    const beside = node === null ? '' : ` that runs on Node ${node}`;
    throw new SwitchyardError(
      'toolchain-unavailable',
      `There is no version of ${tool.name} in the range ${tool.range}${beside}. Ask for another range.`,
    );
  }

  async function verify(tool: Tool, bin: string, nodeBin: string | null): Promise<void> {
    const command = tool.name;
    const result = await execa(join(bin, command), ['--version'], {
      extendEnv: false,
      env: {
        PATH: `${bin}:${nodeBin === null ? '' : `${nodeBin}:`}${COMMAND_PATH}`,
        HOME: directory,
        npm_config_cache: join(place.caches, 'npm'),
      },
      cwd: directory,
      stdin: 'ignore',
      reject: false,
      timeout: 30_000,
    });
    if (result.failed) {
      throw new SwitchyardError(
        'toolchain-unavailable',
        `${command} was fetched and does not run on this host (${hostTarget()}): ${result.stderr || result.shortMessage}`,
      );
    }
  }

  async function fetchVersion(
    tool: Tool,
    version: string,
    nodeBin: string | null,
    options: FetchOptions,
  ): Promise<Found> {
    const home = homeOf(tool, version);
    const found = { version, bin: binOf(tool, version) };
    if (existsSync(home)) return found;
    options.onOutput(Buffer.from(`Fetching ${tool.name} ${version}\n`));
    const making = join(directory, `.making-${randomBytes(6).toString('hex')}`);
    try {
      await npmFetch.install(tool.package, version, making, options);
      const bin = join(making, 'node_modules', '.bin');
      if (tool.name === 'bun') {
        await mkdir(bin, { recursive: true });
        for (const command of ['bun', 'bunx'])
          await symlink(join('..', tool.package, 'bin', 'bun'), join(bin, command)).catch(ignoreExisting);
      }
      await verify(tool, bin, nodeBin);
      await rename(making, home).catch((error: unknown) => {
        if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
      });
    } finally {
      await removeTree(making);
    }
    return found;
  }

  /** One fetch at a time per tool and range in this process; another process may do the same, and the first rename wins. */
  async function fetch(tool: Tool, node: Found | null, options: FetchOptions): Promise<Found> {
    const key = `${tool.package} ${tool.range} ${node?.version ?? ''}`;
    const running = fetches.get(key);
    if (running !== undefined) {
      try {
        return await running;
      } catch (error) {
        // Whoever began it may have been told to stop; that is not our end.
        options.signal.throwIfAborted();
        if (error instanceof SwitchyardError) throw error;
        return await fetch(tool, node, options);
      }
    }
    const promise = onDisk(
      'fetching a toolchain',
      async () =>
        await fetchVersion(tool, await wantedVersion(tool, node?.version ?? null, options), node?.bin ?? null, options),
    );
    fetches.set(key, promise);
    try {
      return await promise;
    } finally {
      fetches.delete(key);
    }
  }

  async function resolveNode(wanted: string, options: FetchOptions): Promise<Found> {
    const range = asRange(wanted);
    const own = process.versions.node;
    if (semver.satisfies(own, range)) return { version: own, bin: linksTo('node', { node: process.execPath }) };
    const tool = nodeTool(wanted, PLATFORM);
    if (tool === null) {
      throw new SwitchyardError(
        'toolchain-unavailable',
        `Node ${range} is wanted; this host has ${own}, and there is no package of it for ${PLATFORM}. Install Node ${range} and run Switchyard with it, or ask for ${own}.`,
      );
    }
    return present(tool, null) ?? (await fetch(tool, null, options));
  }

  function hostNpmFor(range: string, node: string): (HostNpm & { bin: string }) | null {
    const npm = findHostNpm();
    if (
      npm === null ||
      !semver.satisfies(npm.version, range) ||
      !runsOn({ name: 'npm', package: 'npm', range }, npm.version, node)
    )
      return null;
    return { ...npm, bin: linksTo('npm', { npm: npm.script, npx: npm.npx }) };
  }

  async function resolvePackageManager(
    wanted: NonNullable<Toolchain['packageManager']>,
    node: Found,
    options: FetchOptions,
  ): Promise<Found> {
    const tool = packageManagerTool(wanted, PLATFORM);
    if (tool === null)
      throw new SwitchyardError('toolchain-unavailable', `There is no ${wanted.name} for ${PLATFORM}.`);
    const host = tool.name === 'npm' ? hostNpmFor(tool.range, node.version) : null;
    return host ?? present(tool, node.version) ?? (await fetch(tool, node, options));
  }

  return {
    async resolve({ runtime, packageManager }, options) {
      await mkdir(directory, { recursive: true });
      const node = await resolveNode(runtime.wanted, options);
      const manager = packageManager === null ? null : await resolvePackageManager(packageManager, node, options);
      // npm and npx are expected wherever Node is, whichever package manager the repository has.
      const npm = packageManager?.name === 'npm' ? null : hostNpmFor('*', node.version);
      const bins = [manager?.bin, node.bin, npm?.bin].filter((bin) => bin !== undefined);
      const manages = packageManager === null || manager === null ? '' : `, ${packageManager.name} ${manager.version}`;
      return {
        description: `node ${node.version}${manages}`,
        target: hostTarget(),
        path: [...bins, COMMAND_PATH].join(':'),
      };
    },
  };
}

function ignoreExisting(error: unknown): void {
  if (!isErrno(error, 'EEXIST')) throw error;
}
