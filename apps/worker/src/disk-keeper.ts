import {
  type Clock,
  type DiskBounds,
  decideEviction,
  diskBounds,
  type EvictionAnswer,
  expectedBytes,
  type HostId,
  type KeptItem,
  LIMITS,
  type ProcessId,
  SwitchyardError,
} from '@switchyard/domain';
import type { Disk } from '@switchyard/platform';
import type { Store } from '@switchyard/queue';
import type { Log } from '@switchyard/service';
import type { WorkerMetrics } from './metrics.ts';

export interface DiskKeeperOptions {
  readonly disk: Disk;
  readonly records: Store['disks'];
  readonly hostId: HostId;
  readonly processId: ProcessId;
  /** null: a share of the disk, see `diskBounds()`. */
  readonly budgetBytes: number | null;
  readonly reserveBytes: number | null;
  readonly clock: Clock;
  readonly metrics: Pick<WorkerMetrics, 'diskKept' | 'diskReclaimed'>;
  readonly log: Log;
}

interface Space extends DiskBounds {
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** Keeps a host's data directory within its budget and its disk from filling up. */
export class DiskKeeper {
  readonly #options: DiskKeeperOptions;
  #lookAgainAt = 0;

  constructor(options: DiskKeeperOptions) {
    this.#options = options;
  }

  /** Evicts what is too much, by one worker of the host, every `LIMITS.diskSweepMs`; to be asked with every sweep. */
  async sweep(): Promise<void> {
    const { records, hostId, processId, clock, metrics } = this.#options;
    if (!(await records.lead(hostId, processId)) || clock() < this.#lookAgainAt) return;
    this.#lookAgainAt = clock() + LIMITS.diskSweepMs;
    const space = await this.#space();
    const { answer, reclaimedBytes } = await this.#reclaim(await this.#options.disk.list(), space, 0);
    metrics.diskKept(answer.keptBytes);
    const { totalBytes, budgetBytes, reserveBytes } = space;
    const { freeBytes } = await this.#space();
    const { keptBytes } = answer;
    const bounds = { totalBytes, freeBytes, budgetBytes, reserveBytes };
    await records.report({ hostId, ...bounds, keptBytes, reclaimedBytes, at: clock() });
  }

  /**
   * Makes room for an install or build before it begins. `lastResult` names what the app's last one made. Rejects with `disk-full`, which
   * is tried again: other deployments end, and what they used may go then.
   */
  async ensureRoom(lastResult: string | null): Promise<void> {
    const space = await this.#space();
    if (space.freeBytes >= space.reserveBytes + LIMITS.ampleDiskBytes) return;
    const items = await this.#options.disk.list();
    const last = items.find(({ kind, name }) => kind === 'snapshot' && name === lastResult);
    const needed = expectedBytes(last?.bytes ?? null);
    if (space.freeBytes >= space.reserveBytes + needed) return;
    await this.#reclaim(items, { ...space, budgetBytes: Number.POSITIVE_INFINITY }, needed);
    const { freeBytes } = await this.#space();
    if (freeBytes >= space.reserveBytes + needed) return;
    throw new SwitchyardError(
      'disk-full',
      `The disk of the data directory has ${inWords(freeBytes)} free. This stage needs about ${inWords(needed)}, and ${inWords(space.reserveBytes)} stay in reserve (SWITCHYARD_DISK_RESERVE). Nothing more can be evicted: the rest is in use, kept for rollback, or was used just now. Make room on that disk, or give it a larger one.`,
      { freeBytes, neededBytes: needed, reserveBytes: space.reserveBytes },
    );
  }

  async #space(): Promise<Space> {
    const { disk, budgetBytes, reserveBytes } = this.#options;
    const space = await disk.space();
    return { ...space, ...diskBounds(space.totalBytes, { budgetBytes, reserveBytes }) };
  }

  async #reclaim(
    items: readonly KeptItem[],
    space: Space,
    neededBytes: number,
  ): Promise<{ answer: EvictionAnswer; reclaimedBytes: number }> {
    const { clock, log, metrics } = this.#options;
    const question = { items, ...space, neededBytes, now: clock() };
    // The records are read only where something would go.
    const wish = decideEviction({ ...question, isPinned: () => false });
    if (wish.evict.length === 0) return { answer: wish, reclaimedBytes: 0 };
    const answer = decideEviction({ ...question, isPinned: await this.#pins(items) });
    const keptBytes = { ...answer.keptBytes };
    const gone: string[] = [];
    let reclaimedBytes = 0;
    for (const item of answer.evict) {
      if (!(await this.#options.disk.remove(item))) continue;
      gone.push(item.name);
      keptBytes[item.kind] -= item.bytes;
      reclaimedBytes += item.bytes;
      metrics.diskReclaimed(item.kind, item.bytes);
    }
    const { shortBytes } = answer;
    if (gone.length > 0) log.info({ gone, reclaimedBytes, shortBytes }, `evicted ${inWords(reclaimedBytes)}`);
    else if (shortBytes > 0)
      log.warn({ shortBytes }, 'the disk is fuller than it may be, and all that is kept is in use');
    return { answer: { ...answer, keptBytes }, reclaimedBytes };
  }

  async #pins(items: readonly KeptItem[]): Promise<(item: KeptItem) => boolean> {
    const { records, disk, hostId } = this.#options;
    const { snapshots, toolchains, teams, repositories } = await records.inUse(hostId);
    const inUse = new Set<string>([
      ...snapshots,
      ...toolchains.flatMap((toolchain) => disk.toolchainsFor(toolchain, items)),
      ...[...teams].map((team) => `caches/teams/${team}`),
      ...[...repositories].flatMap((repository) => disk.mirrorOf(repository) ?? []),
    ]);
    return ({ name }) => inUse.has(name);
  }
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

function inWords(bytes: number): string {
  const power = bytes < 1_000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1_000 ** power).toFixed(power < 2 ? 0 : 1)} ${UNITS[power] ?? 'B'}`;
}
