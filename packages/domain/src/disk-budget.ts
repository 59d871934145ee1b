import { z } from 'zod';
import { HostId } from './ids.ts';
import { LIMITS } from './limits.ts';

/** What the data directory of a host keeps and can do without: all of it can be made or fetched again. */
export const KEPT_KINDS = ['snapshot', 'downloads', 'toolchain', 'mirror'] as const;
export type KeptKind = (typeof KEPT_KINDS)[number];

export interface KeptItem {
  readonly kind: KeptKind;
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly lastUsedAt: number;
}

/** How full a host's disk is, as its workers saw it last. Bytes and milliseconds. */
export const DiskUse = z
  .object({
    hostId: HostId,
    /** Of the whole disk that the data directory is on. */
    totalBytes: z.int().nonnegative(),
    freeBytes: z.int().nonnegative(),
    /** What snapshots, downloads, toolchains and mirrors may take together. */
    budgetBytes: z.int().nonnegative(),
    /** What no install or build may leave less of. */
    reserveBytes: z.int().nonnegative(),
    keptBytes: z.object({
      snapshot: z.int().nonnegative(),
      downloads: z.int().nonnegative(),
      toolchain: z.int().nonnegative(),
      mirror: z.int().nonnegative(),
    }),
    /** Evicted since the host's records began. */
    reclaimedBytes: z.int().nonnegative(),
    at: z.int().nonnegative(),
  })
  .meta({ id: 'DiskUse' });
export type DiskUse = z.infer<typeof DiskUse>;

export interface DiskBounds {
  readonly budgetBytes: number;
  readonly reserveBytes: number;
}

/** The bounds where none are set: half of the disk, and a twentieth of it but no more than `LIMITS.maxDiskReserveBytes`. */
export function diskBounds(
  totalBytes: number,
  set: { budgetBytes: number | null; reserveBytes: number | null },
): DiskBounds {
  return {
    budgetBytes: set.budgetBytes ?? Math.floor(totalBytes * LIMITS.diskBudgetShare),
    reserveBytes:
      set.reserveBytes ?? Math.min(Math.floor(totalBytes * LIMITS.diskReserveShare), LIMITS.maxDiskReserveBytes),
  };
}

export interface EvictionQuestion extends DiskBounds {
  readonly items: readonly KeptItem[];
  readonly isPinned: (item: KeptItem) => boolean;
  readonly freeBytes: number;
  /** What is about to be written. */
  readonly neededBytes: number;
  readonly now: number;
}

export interface EvictionAnswer {
  /** Longest unused first. */
  readonly evict: readonly KeptItem[];
  readonly keptBytes: Readonly<Record<KeptKind, number>>;
  /** What is still too much when they are gone. */
  readonly shortBytes: number;
}

/**
 * What has to go so that the budget holds and the disk keeps its reserve. Never what is pinned, nor what was used within
 * `LIMITS.diskRestMs`: whoever found it may not have written down yet that it is in use. Never more than `LIMITS.maxEvictions` at
 * once: should the records be the ones that are wrong, the damage stays small.
 */
export function decideEviction(question: EvictionQuestion): EvictionAnswer {
  const { items, isPinned, budgetBytes, reserveBytes, freeBytes, neededBytes, now } = question;
  const keptBytes = { snapshot: 0, downloads: 0, toolchain: 0, mirror: 0 };
  for (const { kind, bytes } of items) keptBytes[kind] += bytes;
  const used = Object.values(keptBytes).reduce((sum, bytes) => sum + bytes, 0);
  let shortBytes = Math.max(0, used + neededBytes - budgetBytes, reserveBytes + neededBytes - freeBytes);
  const evict: KeptItem[] = [];
  const candidates = items
    .filter((item) => item.bytes > 0 && item.lastUsedAt < now - LIMITS.diskRestMs && !isPinned(item))
    .toSorted((one, other) => one.lastUsedAt - other.lastUsedAt || other.bytes - one.bytes);
  for (const item of candidates) {
    if (shortBytes === 0 || evict.length === LIMITS.maxEvictions) break;
    evict.push(item);
    shortBytes = Math.max(0, shortBytes - item.bytes);
  }
  return { evict, keptBytes, shortBytes };
}

/** What an install or build is expected to write: what the app's last one took. */
export function expectedBytes(lastBytes: number | null): number {
  return Math.max(lastBytes ?? 0, LIMITS.leastResultBytes);
}
