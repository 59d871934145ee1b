import { type Commit, DeploymentId, type HostId, type LogEvent } from '@switchyard/domain';
import { type FakePlatform, openFakePlatform, type Sources } from '@switchyard/platform';
import type { Blobs, LogArchive } from '@switchyard/service';
import type { Random } from './random.ts';
import { SimulatedProcess } from './simulated-process.ts';
import type { Timeline } from './timeline.ts';

export const HOSTS = ['host_aaaaaa', 'host_bbbbbb'] as const satisfies readonly HostId[];

export interface Host {
  readonly id: HostId;
  readonly platform: FakePlatform;
}

export interface WorldOptions {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly farmId: string;
  readonly violated: (what: string) => void;
  /** Whether the command that runs now fails. */
  readonly commandFails: () => boolean;
}

/** What is outside of Redis: hosts with what runs there, repositories, blobs. It remembers what was done to it. */
export class World {
  readonly hosts: readonly Host[];
  readonly sources: Sources;
  readonly blobs: Blobs;
  readonly archive: LogArchive;
  readonly #options: WorldOptions;
  readonly #nobody: SimulatedProcess;
  readonly #archived = new Map<DeploymentId, LogEvent[]>();
  /** How often each deployment's migration has begun. */
  readonly #migrations = new Map<string, number>();
  readonly #commits = new Map<string, number>();

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#nobody = new SimulatedProcess('nobody', options.timeline);
    this.hosts = HOSTS.map((id) => ({ id, platform: this.#platformOf(id) }));
    this.sources = this.#openSources();
    this.blobs = memoryBlobs();
    this.archive = memoryArchive(this.#archived);
  }

  host(id: HostId): Host {
    const found = this.hosts.find((host) => host.id === id);
    if (found === undefined) throw new Error(`there is no host ${id}`);
    return found;
  }

  /** A new commit on the branch of a repository. */
  push(repository: string): string {
    const newest = (this.#commits.get(repository) ?? 0) + 1;
    this.#commits.set(repository, newest);
    return shaOf(newest);
  }

  head(repository: string): string {
    return shaOf(this.#commits.get(repository) ?? 0);
  }

  /** Ids of the log events that are in blobs. */
  archived(id: DeploymentId): number[] {
    return (this.#archived.get(id) ?? []).map((event) => event.id);
  }

  migrations(id: DeploymentId): number {
    return this.#migrations.get(id) ?? 0;
  }

  #platformOf(hostId: HostId): FakePlatform {
    const { timeline, random, farmId, violated, commandFails } = this.#options;
    return openFakePlatform({
      farmId,
      hostId,
      clock: () => timeline.now,
      // A command is its worker's, and stands still or dies with it; what a runner started belongs to nobody.
      sleep: async (ms, signal) => {
        const current = SimulatedProcess.current();
        const owner = current?.name.startsWith('worker') === true ? current : this.#nobody;
        await owner.sleep(ms, signal);
      },
      needsHostPorts: false,
      worker: {
        command: () => ({
          takesMs: random.between(20, 1_200),
          ...(commandFails() ? { exit: { code: 1, signal: null } } : {}),
        }),
      },
      runner: {
        start: (spec) => {
          if ('port' in spec) return {};
          const deployment = DeploymentId.parse(spec.labels['deployment']);
          const times = this.migrations(deployment) + 1;
          this.#migrations.set(deployment, times);
          if (times > 1) violated(`the migration of ${deployment} has begun ${times} times`);
          const afterMs = random.chance(0.1) ? random.between(10_000, 25_000) : random.between(50, 2_000);
          return { end: { exit: { code: random.chance(0.08) ? 1 : 0, signal: null }, afterMs } };
        },
      },
    });
  }

  #openSources(): Sources {
    const { random } = this.#options;
    return {
      checkAddress: () => undefined,
      pin: async ({ repository }) => {
        await SimulatedProcess.current()?.sleep(random.between(5, 300));
        return commitOf(this.head(repository));
      },
      checkout: async () => ({ fetched: true }),
      tree: (_repository, sha) => ({
        list: async () => [],
        read: async () => null,
        files: async () => [],
        // Dependencies change more rarely than the source.
        fingerprint: async (path) => (path === '.' ? sha : `lock-${Number.parseInt(sha.slice(-4), 16) >> 2}`),
      }),
      head: async ({ repository }) => ({ branch: 'main', sha: this.head(repository) }),
      isAncestor: async (_repository, sha, of) => sha < of,
    };
  }
}

const shaOf = (count: number): string => count.toString(16).padStart(40, '0');

const commitOf = (sha: string): Commit => ({ sha, branch: 'main', message: 'a change', author: 'somebody', at: 0 });

function memoryBlobs(): Blobs {
  const all = new Map<string, Buffer>();
  const refuse = (): never => {
    throw new Error('no stage that is simulated needs this of blobs');
  };
  return {
    put: async (key, bytes) => void all.set(key, Buffer.from(bytes)),
    putStream: refuse,
    read: refuse,
    get: async (key) => all.get(key) ?? null,
    list: refuse,
    listOlder: refuse,
    removeAll: refuse,
  };
}

function memoryArchive(events: Map<DeploymentId, LogEvent[]>): LogArchive {
  const of = (id: DeploymentId): LogEvent[] => events.get(id) ?? [];
  return {
    append: async (id, more) => void events.set(id, [...of(id), ...more]),
    read: async (id, afterId) => of(id).filter((event) => event.id > afterId),
    async *chunks(id) {
      yield of(id);
    },
    remove: async (id) => void events.delete(id),
  };
}
