import type { EnvironmentId, InstanceId } from '@switchyard/domain';
import { chooseShare, chooseTarget, type Pick } from './balance.ts';
import type { Backend, Destination, TableIndex } from './table.ts';
import { Target, type TargetTimeouts } from './target.ts';

/** A deployment's share of the visitors, with the targets that take them. Never without one. */
interface ServedShare {
  readonly weight: number;
  readonly targets: readonly Target[];
}

/** An environment as requests find it. Made anew with every table, so that a request costs no look-ups but the one by host. */
export interface Site {
  readonly environmentId: EnvironmentId;
  readonly appName: string;
  /** Whether any deployment is live there; its instances may all be on their way up. */
  readonly isLive: boolean;
  readonly isStopped: boolean;
  /** Shares with at least one target that is ready: visitors of the others go there too. */
  readonly shares: readonly ServedShare[];
}

const sameAddress = (a: Backend, b: Backend): boolean => a.host === b.host && a.port === b.port;
const NONE: ReadonlySet<Target> = new Set();

/** The table in use: sites by host, and a target per instance, those that only finish what they began included. */
export class Targets {
  readonly #pick: Pick;
  readonly #timeouts: TargetTimeouts;
  readonly #onDrained: () => void;
  readonly #serving = new Map<InstanceId, Target>();
  /** One instance can be in it twice, with two addresses, and be served on a third. */
  readonly #retiring = new Set<Target>();
  readonly #waiting = new Set<() => void>();
  #hasTable = false;
  #sites: ReadonlyMap<string, Site> = new Map();
  #routeIds: TableIndex['routeIds'] = new Map();

  /** `onDrained`: an instance that is out of the table has nothing in flight any more. */
  constructor(pick: Pick, timeouts: TargetTimeouts, onDrained: () => void) {
    this.#pick = pick;
    this.#timeouts = timeouts;
    this.#onDrained = onDrained;
  }

  /** What the router acknowledges. */
  get routeIds(): TableIndex['routeIds'] {
    return this.#routeIds;
  }

  /** Requests in flight at instances that the table does not name any more. */
  get draining(): ReadonlyMap<InstanceId, number> {
    const counts = new Map<InstanceId, number>();
    for (const { backend, inFlight } of this.#retiring)
      counts.set(backend.instanceId, (counts.get(backend.instanceId) ?? 0) + inFlight);
    return counts;
  }

  /** False until a first table was put to use: then nobody can say that a host is unknown. */
  get hasTable(): boolean {
    return this.#hasTable;
  }

  /** By a host's name as `hostName` gives it. */
  site(host: string): Site | undefined {
    return this.#sites.get(host);
  }

  use(index: TableIndex): void {
    for (const [id, target] of this.#serving) {
      const now = index.backends.get(id);
      if (now === undefined || !sameAddress(now, target.backend)) this.#retire(id, target);
    }
    for (const [id, backend] of index.backends) if (!this.#serving.has(id)) this.#serve(id, backend);
    const sites = new Map<Destination, Site>();
    for (const destination of new Set(index.byHost.values())) sites.set(destination, this.#siteOf(destination));
    this.#sites = new Map(
      [...index.byHost].flatMap(([host, destination]) => {
        const site = sites.get(destination);
        return site === undefined ? [] : [[host, site]];
      }),
    );
    this.#routeIds = index.routeIds;
    this.#hasTable = true;
    for (const wake of this.#waiting) wake();
  }

  /** A target for one more request; null where the site has none that is ready, or none but those in `except`. */
  choose(site: Site, except: ReadonlySet<Target> = NONE): Target | null {
    const shares = except.size === 0 ? site.shares : without(site.shares, except);
    const share = chooseShare(shares, this.#pick);
    return share === null ? null : chooseTarget(share.targets, this.#pick);
  }

  /** Resolves when another table is in use, or after a time. */
  async changed(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
    });
  }

  async close(): Promise<void> {
    for (const wake of this.#waiting) wake();
    await Promise.all([...this.#serving.values(), ...this.#retiring].map((target) => target.destroy()));
  }

  #siteOf({ environmentId, appName, isStopped, shares }: Destination): Site {
    const served = shares.map(({ weight, backends }) => ({
      weight,
      targets: backends.flatMap(({ instanceId }) => this.#serving.get(instanceId) ?? []),
    }));
    return {
      environmentId,
      appName,
      isLive: shares.length > 0,
      isStopped,
      shares: served.filter(({ targets }) => targets.length > 0),
    };
  }

  #serve(id: InstanceId, backend: Backend): void {
    const retiring = [...this.#retiring].find(
      (target) => target.backend.instanceId === id && sameAddress(target.backend, backend),
    );
    if (retiring === undefined) this.#serving.set(id, new Target(backend, this.#timeouts));
    else {
      retiring.unretire();
      this.#retiring.delete(retiring);
      this.#serving.set(id, retiring);
    }
  }

  #retire(id: InstanceId, target: Target): void {
    this.#serving.delete(id);
    this.#retiring.add(target);
    target.retire(() => {
      this.#retiring.delete(target);
      this.#onDrained();
    });
  }
}

function without(shares: readonly ServedShare[], except: ReadonlySet<Target>): ServedShare[] {
  return shares
    .map(({ weight, targets }) => ({ weight, targets: targets.filter((target) => !except.has(target)) }))
    .filter(({ targets }) => targets.length > 0);
}
