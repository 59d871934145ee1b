import { DeploymentId, DiskUse, type HostId, LIMITS, type Plan, type ProcessId, type TeamId } from '@switchyard/domain';
import type { StoreContext } from './context.ts';
import type { Store } from './store.ts';

/** What may not be evicted from a host's data directory. */
export interface InUse {
  /** Keys: what releases and instances are started from, and all that an unfinished deployment has made. */
  readonly snapshots: ReadonlySet<string>;
  /** What kept releases and unfinished deployments are built and run with. */
  readonly toolchains: readonly Pick<Plan, 'runtime' | 'packageManager'>[];
  /** Teams and repositories of unfinished deployments. */
  readonly teams: ReadonlySet<TeamId>;
  readonly repositories: ReadonlySet<string>;
}

/** What the workers of a host know of its disk. */
export interface DiskRecords {
  /** Whether this process is the one of its host that looks after the disk; true again for as long as it asks in time. */
  lead(hostId: HostId, processId: ProcessId): Promise<boolean>;
  inUse(hostId: HostId): Promise<InUse>;
  /** Writes how full the disk is; `reclaimedBytes` is added to what was reclaimed before. */
  report(use: DiskUse): Promise<void>;
  /** Of all hosts that have reported within a day. */
  list(): Promise<DiskUse[]>;
}

const FORGET_MS = 86_400_000;

export function diskRecords(
  { redis, keys, clock }: StoreContext,
  records: Pick<Store, 'apps' | 'deployments' | 'releases' | 'instances' | 'oneOffs'>,
): DiskRecords {
  async function unfinished() {
    const ids = (await redis.smembers(keys.unfinished)).map((id) => DeploymentId.parse(id));
    return (await Promise.all(ids.map((id) => records.deployments.get(id)))).filter((found) => found !== null);
  }

  async function releases() {
    const all = [];
    for (const { id } of await records.apps.list()) {
      for (const environment of await records.apps.environments(id))
        all.push(...(await records.releases.list(environment.id)));
    }
    return all;
  }

  return {
    async lead(hostId, processId) {
      const key = keys.diskLeader(hostId);
      const term = LIMITS.sweepMs * 3;
      if ((await redis.set(key, processId, 'PX', term, 'NX')) !== null) return true;
      if ((await redis.get(key)) !== processId) return false;
      await redis.pexpire(key, term);
      return true;
    },

    async inUse(hostId) {
      // Deployments before releases: one that ends meanwhile has put its release by then.
      const running = await unfinished();
      const [kept, instances, oneOffs] = await Promise.all([
        releases(),
        records.instances.ofHost(hostId),
        records.oneOffs.ofHost(hostId),
      ]);
      const made = running.flatMap(({ artifacts: { source, dependencies, build } }) => [source, dependencies, build]);
      const started = [...kept, ...instances, ...oneOffs].map(({ snapshot }) => snapshot);
      return {
        snapshots: new Set([...made, ...started].flatMap((snapshot) => snapshot?.key ?? [])),
        toolchains: [
          ...running.flatMap(({ plan }) => plan ?? []),
          ...kept.map(({ plan }) => plan),
          ...[...instances, ...oneOffs].map(({ runtime }) => ({ runtime, packageManager: null })),
        ],
        teams: new Set(running.map(({ teamId }) => teamId)),
        repositories: new Set(running.flatMap(({ repository }) => repository ?? [])),
      };
    },

    async report(use) {
      const before = await redis.hget(keys.disks, use.hostId);
      const known = before === null ? 0 : DiskUse.parse(JSON.parse(before)).reclaimedBytes;
      await redis.hset(keys.disks, use.hostId, JSON.stringify({ ...use, reclaimedBytes: known + use.reclaimedBytes }));
    },

    async list() {
      const all = Object.values(await redis.hgetall(keys.disks)).map((text) => DiskUse.parse(JSON.parse(text)));
      return all
        .filter(({ at }) => at > clock() - FORGET_MS)
        .toSorted((one, other) => (one.hostId < other.hostId ? -1 : 1));
    },
  };
}
