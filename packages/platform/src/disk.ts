import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type KeptItem, LIMITS } from '@switchyard/domain';
import semver from 'semver';
import { mirrorName, parseAddress } from './git/address.ts';
import { isErrno } from './local/disk.ts';
import { namesIn } from './local/leftovers.ts';
import { nodeTool, packageManagerTool } from './local/toolchain-versions.ts';
import { bytesBelow, removeUnused } from './local/unused-tree.ts';
import type { PlatformOptions, Toolchain, WorkerPlatform } from './platform.ts';

/**
 * What the data directory of a host keeps and can do without, and how full its disk is. On docker that is the mirrors: images and
 * volumes are the engine's, on a disk that need not be ours, and share layers, so that their sizes don't add up.
 */
export interface Disk {
  space(): Promise<{ totalBytes: number; freeBytes: number }>;
  list(): Promise<KeptItem[]>;
  /** Unless it was used after it was listed: answers whether it is gone. Safe to call again. */
  remove(item: KeptItem): Promise<boolean>;
  /** Names of the toolchains, of those that are listed, that one may come to. */
  toolchainsFor(toolchain: Toolchain, listed: readonly KeptItem[]): string[];
  /** Name of a repository's mirror; null where the address is not one. */
  mirrorOf(repository: string): string | null;
}

const PLATFORM = `${process.platform}-${process.arch}`;

export function openDisk(
  options: Pick<PlatformOptions, 'kind' | 'dataDir' | 'allowFileRepositories'>,
  worker: Pick<WorkerPlatform, 'listSnapshots' | 'removeSnapshot'>,
): Disk {
  const { kind, dataDir } = options;
  const places = {
    downloads: ['caches/teams', 'caches'],
    toolchain: ['toolchains'],
    mirror: ['mirrors'],
  } as const;
  /** Trees that have rested since are not measured again. */
  const measured = new Map<string, Pick<KeptItem, 'bytes' | 'lastUsedAt'>>();

  /** `teams/` is a place of its own; links to what the host has, and version lists, are not worth the while. */
  const isItem = (name: string): boolean => !/^(\.|host-|versions$|teams$)/.test(name) && !name.endsWith('.lock');

  async function usedAt(path: string): Promise<number | null> {
    try {
      return (await stat(path)).mtimeMs;
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null;
      throw error;
    }
  }

  async function measure(path: string, lastUsedAt: number): Promise<number> {
    const known = measured.get(path);
    if (known?.lastUsedAt === lastUsedAt) return known.bytes;
    const begun = Date.now();
    const bytes = await bytesBelow(path);
    // A use is stamped when it begins, and the tree grows after that.
    if (begun - lastUsedAt > LIMITS.diskRestMs) measured.set(path, { bytes, lastUsedAt });
    return bytes;
  }

  async function listBelow(kept: keyof typeof places): Promise<KeptItem[]> {
    const found: KeptItem[] = [];
    for (const place of places[kept]) {
      for (const name of (await namesIn(join(dataDir, place))).filter(isItem)) {
        const path = join(dataDir, place, name);
        const lastUsedAt = await usedAt(path);
        if (lastUsedAt === null) continue;
        found.push({ kind: kept, name: `${place}/${name}`, bytes: await measure(path, lastUsedAt), lastUsedAt });
      }
    }
    return found;
  }

  async function snapshots(): Promise<KeptItem[]> {
    if (kind !== 'local') return [];
    return (await worker.listSnapshots()).map(({ key, ...rest }) => ({ kind: 'snapshot', name: key, ...rest }));
  }

  return {
    async space() {
      const { bsize, blocks, bavail } = await statfs(dataDir);
      return { totalBytes: bsize * blocks, freeBytes: bsize * bavail };
    },
    async list() {
      const all = [
        await snapshots(),
        await listBelow('downloads'),
        await listBelow('toolchain'),
        await listBelow('mirror'),
      ];
      return all.flat();
    },
    async remove(item) {
      if (item.kind === 'snapshot') return await worker.removeSnapshot(item.name, { unusedSince: item.lastUsedAt });
      const path = join(dataDir, item.name);
      return await removeUnused(path, path, item.lastUsedAt);
    },
    toolchainsFor({ runtime, packageManager }, listed) {
      const tools = [
        nodeTool(runtime.wanted, PLATFORM),
        packageManager === null ? null : packageManagerTool(packageManager, PLATFORM),
      ];
      return listed.flatMap(({ name }) => {
        const isWanted = tools.some((tool) => {
          const prefix = tool === null ? null : `toolchains/${tool.package.replaceAll('/', '+')}-`;
          if (tool === null || prefix === null || !name.startsWith(prefix)) return false;
          const version = name.slice(prefix.length);
          return semver.satisfies(version, tool.range, { includePrerelease: true });
        });
        return isWanted ? [name] : [];
      });
    },
    mirrorOf(repository) {
      try {
        return `mirrors/${mirrorName(parseAddress(repository, options.allowFileRepositories))}.git`;
      } catch {
        return null;
      }
    },
  };
}
