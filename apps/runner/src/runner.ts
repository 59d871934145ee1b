import type {
  Clock,
  DesiredInstance,
  Farm,
  HostId,
  InstanceId,
  ObservedInstance,
  OneOff,
  OneOffId,
} from '@switchyard/domain';
import type { FoundProcess, RunnerPlatform } from '@switchyard/platform';
import type { Store, Unsubscribe } from '@switchyard/queue';
import type { Log, OutputArchive, SecretBox } from '@switchyard/service';
import { InstanceKeeper, type KeeperParts } from './instance-keeper.ts';
import { OneOffKeeper } from './one-off-keeper.ts';
import { OutputArchiver } from './output-archiver.ts';
import { type Ports } from './ports.ts';
import { reconcile } from './reconcile.ts';
import { Reporter } from './reporter.ts';
import { RunVariables } from './run-variables.ts';
import type { StartedSecrets } from './started-secrets.ts';
import type { TableMemory } from './table-memory.ts';
import { Wake } from './wake.ts';

/** Hints may be lost: what is desired is read again after this time. */
const READ_EVERY_MS = 2_000;
const ORPHAN_GRACE_MS = 10_000;

export interface RunnerParts {
  readonly store: Store;
  readonly platform: RunnerPlatform;
  readonly ports: Ports;
  readonly memory: TableMemory;
  readonly outputArchive: OutputArchive;
  readonly startedSecrets: StartedSecrets;
  /** Opens the variables of apps. */
  readonly secretBox: SecretBox;
  readonly farm: Farm;
  readonly hostId: HostId;
  readonly clock: Clock;
  readonly log: Log;
  readonly onRestart: (why: { outOfMemory: boolean }) => void;
}

interface Desired {
  readonly instances: readonly DesiredInstance[];
  readonly oneOffs: readonly OneOff[];
  /** See `ReconcileFacts`. */
  readonly isBehind: boolean;
}

/** Makes what is desired on this host so, and says what it sees. */
export class Runner {
  readonly #parts: RunnerParts;
  readonly #reporter: Reporter;
  readonly #variables: RunVariables;
  readonly #outputArchiver: OutputArchiver;
  readonly #instances = new Map<InstanceId, InstanceKeeper>();
  readonly #oneOffs = new Map<OneOffId, OneOffKeeper>();
  readonly #wake = new Wake();
  readonly #ending = new AbortController();
  readonly #strangers = new Set<string>();
  readonly #removing = new Set<string>();
  #isBehind = false;
  #isQuiet = false;
  #subscriptions: Unsubscribe[] = [];
  #loops: Promise<unknown> = Promise.resolve();

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    const { log, store, hostId, secretBox, farm, outputArchive, clock } = parts;
    this.#variables = new RunVariables({ records: store.variables, secretBox, farm, log });
    this.#outputArchiver = new OutputArchiver({ output: store.output, archive: outputArchive, clock, log });
    this.#reporter = new Reporter(store, hostId, (error) =>
      log.warn({ err: error }, 'could not write what is observed; trying again'),
    );
  }

  get states(): ObservedInstance['state'][] {
    return [...this.#instances.values()].map(({ state }) => state);
  }

  async start(): Promise<void> {
    const { store, hostId } = this.#parts;
    this.#subscriptions = [
      store.instances.onDesired(hostId, () => this.#wake.wake()),
      store.oneOffs.onDesired(hostId, () => this.#wake.wake()),
    ];
    await this.#reconcileOnce();
    if (!this.#isBehind) await this.#forgetLost();
    this.#loops = Promise.all([this.#followDesired(), this.#followFound()]);
  }

  /** Starts and commands under way: what a drain waits for, and what goes on without this runner. */
  get inHand(): number {
    return [...this.#instances.values()].filter(({ state }) => state === 'starting').length + this.#oneOffs.size;
  }

  /** Looks after nothing new from now on. What it has it keeps: restarts, drains, stops. */
  quiet(): void {
    this.#isQuiet = true;
  }

  /** Ends the runner. Instances go on unless `stopInstances`; what is desired stays either way. */
  async stop(options: { stopInstances: boolean }): Promise<void> {
    this.#ending.abort();
    this.#wake.wake();
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    await this.#loops;
    for (const keeper of this.#oneOffs.values()) keeper.leave();
    for (const keeper of this.#instances.values()) keeper.leave({ stop: options.stopInstances });
    await Promise.all([...this.#instances.values(), ...this.#oneOffs.values()].map(({ done }) => done));
    this.#reporter.close();
    await this.#reporter.settled();
    await this.#outputArchiver.settled();
  }

  async #followDesired(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      await this.#wake.sleep(READ_EVERY_MS);
      if (this.#ending.signal.aborted) return;
      // Redis is away: what ran goes on, and what crashes is started again, as last desired.
      await this.#reconcileOnce().catch((error: unknown) =>
        this.#parts.log.warn({ err: error }, 'could not read what is desired'),
      );
    }
  }

  async #followFound(): Promise<void> {
    const { platform, log } = this.#parts;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await platform.waitForChange(signal);
        if (signal.aborted) return;
        const askedAt = performance.now();
        this.#show(await platform.list(), askedAt);
      } catch (error) {
        log.error({ err: error }, 'could not see what runs on this host');
        await new Promise((resolve) => setTimeout(resolve, READ_EVERY_MS));
      }
    }
  }

  #show(found: readonly FoundProcess[], askedAt: number): void {
    const byId = new Map(found.map((one) => [one.id, one]));
    for (const [id, keeper] of this.#instances) keeper.see(byId.get(id) ?? null, askedAt);
    for (const [id, keeper] of this.#oneOffs) keeper.see(byId.get(id) ?? null, askedAt);
  }

  async #reconcileOnce(): Promise<void> {
    const { platform, farm, ports } = this.#parts;
    const desired = await this.#readDesired();
    if (desired === null) return;
    const askedAt = performance.now();
    const found = await platform.list();
    // What this list has told, `waitForChange` does not tell again.
    this.#show(found, askedAt);
    const kept = new Set([...this.#instances.keys(), ...this.#oneOffs.keys()]);
    const actions = reconcile({
      epoch: farm.epoch,
      isBehind: desired.isBehind,
      desired: desired.instances,
      oneOffs: desired.oneOffs,
      found,
      kept,
    });
    const instances = new Map(desired.instances.map((one) => [one.id, one]));
    const oneOffs = new Map(desired.oneOffs.map((one) => [one.id, one]));
    const byId = new Map(found.map((one) => [one.id, one]));

    for (const [id, keeper] of this.#instances) {
      const now = instances.get(id);
      if (now !== undefined) keeper.update(now);
    }
    for (const [id, keeper] of this.#oneOffs) {
      const now = oneOffs.get(id);
      if (now !== undefined) keeper.update(now);
    }
    if (!this.#isQuiet) {
      for (const id of actions.keepInstances) this.#keepInstance(instances.get(id), byId.get(id) ?? null);
      for (const id of actions.keepOneOffs) this.#keepOneOff(oneOffs.get(id), byId.get(id) ?? null);
    }
    const unwanted = new Set<string>(actions.letGo);
    for (const [id, keeper] of [...this.#instances, ...this.#oneOffs]) if (unwanted.has(id)) keeper.letGo();
    for (const id of actions.orphans) void this.#removeOrphan(id);
    this.#reportStrangers(actions.strangers);
    await ports.keepOnly(new Set([...kept, ...instances.keys(), ...found.map(({ id }) => id)]));
  }

  /** null while Redis is not the one this runner knows: then nothing is started and nothing destroyed. */
  async #readDesired(): Promise<Desired | null> {
    const { store, hostId, farm, log } = this.#parts;
    const now = await store.farm.ensure(farm);
    if (now.id !== farm.id || now.epoch !== farm.epoch) {
      log.error(
        { expected: farm.epoch, found: now.epoch },
        'Redis came back without its records; what runs is left running. Restore a backup, then restart this runner.',
      );
      return null;
    }
    const instances = await store.instances.ofHost(hostId);
    const oneOffs = await store.oneOffs.ofHost(hostId);
    return { instances, oneOffs, isBehind: await this.#lookBehind() };
  }

  /** Whether Redis has gone back in time. Asked after what is desired was read: a Redis that is restored in between is noticed too. */
  async #lookBehind(): Promise<boolean> {
    const { store, memory, log } = this.#parts;
    const { version } = await store.routing.table();
    const newest = await memory.see(version);
    const isBehind = version < newest;
    if (isBehind && !this.#isBehind)
      log.error(
        { version, newest },
        'Redis came back older than this host has seen it; nothing that runs here is stopped. Once the backup is what holds, remove runner-state.json from the data directory.',
      );
    if (!isBehind && this.#isBehind) log.info({ version }, 'Redis is as new as this host has seen it');
    this.#isBehind = isBehind;
    return isBehind;
  }

  #keepInstance(desired: DesiredInstance | undefined, found: FoundProcess | null): void {
    if (desired === undefined) return;
    const { platform, store, ports, clock, log, onRestart } = this.#parts;
    const parts: KeeperParts = {
      platform,
      routing: store.routing,
      instances: store.instances,
      output: { output: store.output, archiver: this.#outputArchiver },
      reporter: this.#reporter,
      ports,
      variables: this.#variables,
      startedSecrets: this.#parts.startedSecrets,
      clock,
      log,
      onRestart,
    };
    const keeper = new InstanceKeeper(parts, desired, found);
    if (found !== null)
      log.info(
        { instanceId: desired.id, deploymentId: desired.deploymentId },
        `adopted an instance of ${desired.appName}`,
      );
    this.#instances.set(desired.id, keeper);
    void keeper.done.then(() => this.#instances.delete(desired.id));
  }

  #keepOneOff(oneOff: OneOff | undefined, found: FoundProcess | null): void {
    if (oneOff === undefined) return;
    const { platform, store, clock, log } = this.#parts;
    const parts = { platform, oneOffs: store.oneOffs, variables: this.#variables, clock, log };
    const keeper = new OneOffKeeper(parts, oneOff, found);
    this.#oneOffs.set(oneOff.id, keeper);
    void keeper.done.then(() => this.#oneOffs.delete(oneOff.id));
  }

  async #removeOrphan(id: InstanceId | OneOffId): Promise<void> {
    const { platform, log } = this.#parts;
    if (this.#removing.has(id)) return;
    this.#removing.add(id);
    try {
      await platform.stop(id, { graceMs: ORPHAN_GRACE_MS });
      await platform.remove(id);
      log.info({ id }, 'removed what no record names');
    } catch (error) {
      log.warn({ err: error, id }, 'could not remove what no record names');
    } finally {
      this.#removing.delete(id);
    }
  }

  /** What an earlier runner wrote of instances that nobody wants any more, when it ended before it could take that back. */
  async #forgetLost(): Promise<void> {
    const { store, hostId } = this.#parts;
    for (const { id } of await store.instances.observedOnHost(hostId))
      if (!this.#instances.has(id)) this.#reporter.forget(id);
  }

  #reportStrangers(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.#strangers.has(id)) continue;
      this.#strangers.add(id);
      this.#parts.log.warn({ id }, 'runs here from before Redis was lost; left running');
    }
  }
}
