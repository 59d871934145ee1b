import {
  type DesiredInstance,
  type HostId,
  type InstanceId,
  type ObservedInstance,
  type OneOffId,
  SwitchyardError,
} from '@switchyard/domain';
import type { FoundProcess } from '@switchyard/platform';
import type { Store } from '@switchyard/queue';
import { createLog } from '@switchyard/service';
// @boundaries-ignore what is simulated is the runner's own code: what it decides to do, and how it looks after a migration
import { OneOffKeeper } from '../../apps/runner/src/one-off-keeper.ts';
// @boundaries-ignore what is simulated is the process's own code
import { reconcile } from '../../apps/runner/src/reconcile.ts';
// @boundaries-ignore what is simulated is the process's own code
import { startBaseOf } from '../../apps/runner/src/start-base.ts';
// @boundaries-ignore what is simulated is the process's own code
import { Wake } from '../../apps/runner/src/wake.ts';
import { storeOf } from './process-store.ts';
import type { Run } from './run.ts';
import { SimulatedProcess } from './simulated-process.ts';

const READ_EVERY_MS = 3_000;
const RETRY_MS = 500;
const SILENT = createLog({ process: 'runner', level: 'silent' });

interface Tended {
  readonly desired: DesiredInstance;
  isDraining: boolean;
  isGone: boolean;
}

/** A host's runner: migrations are looked after by the real code, instances are well or not as the run has it. */
export class RunnerProcess {
  readonly process: SimulatedProcess;
  readonly #run: Run;
  readonly #hostId: HostId;
  readonly #store: Store;
  readonly #wake = new Wake();
  readonly #instances = new Map<InstanceId | OneOffId, Tended>();
  readonly #oneOffs = new Map<InstanceId | OneOffId, OneOffKeeper>();
  readonly #ending = new AbortController();

  private constructor(run: Run, hostId: HostId, number: number) {
    this.#run = run;
    this.#hostId = hostId;
    this.process = new SimulatedProcess(`runner-${hostId.slice(5, 6)}${number}`, run.timeline);
    this.#store = storeOf(run, this.process);
  }

  /** Whatever becomes of it, another one takes its place after a while. */
  static start(run: Run, hostId: HostId, number = 1): void {
    const runner = new RunnerProcess(run, hostId, number);
    run.runners.set(hostId, {
      die: () => {
        runner.process.die();
        runner.#ending.abort();
        run.timeline.plan(run.timeline.now + run.random.between(500, 6_000), () =>
          RunnerProcess.start(run, hostId, number + 1),
        );
      },
    });
    runner.process.run(() => {
      runner.#store.instances.onDesired(hostId, () => runner.#wake.wake());
      runner.#store.oneOffs.onDesired(hostId, () => runner.#wake.wake());
      void runner.#followDesired();
      void runner.#followFound();
    });
  }

  get #platform() {
    return this.#run.world.host(this.#hostId).platform.runner;
  }

  async #followDesired(): Promise<void> {
    for (;;) {
      await this.#reconcileOnce().catch(onlyAway);
      await this.#wake.sleep(READ_EVERY_MS);
    }
  }

  async #followFound(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.#platform.waitForChange(signal);
      if (!signal.aborted) this.#show(await this.#platform.list());
    }
  }

  #show(found: readonly FoundProcess[]): void {
    const byId = new Map(found.map((one) => [one.id, one]));
    for (const [id, keeper] of this.#oneOffs) keeper.see(byId.get(id) ?? null, performance.now());
  }

  async #reconcileOnce(): Promise<void> {
    const desired = await this.#store.instances.ofHost(this.#hostId);
    const wantedOneOffs = await this.#store.oneOffs.ofHost(this.#hostId);
    const found = await this.#platform.list();
    this.#show(found);
    const actions = reconcile({
      epoch: 1,
      isBehind: false,
      desired,
      oneOffs: wantedOneOffs,
      found,
      kept: new Set([...this.#instances.keys(), ...this.#oneOffs.keys()]),
    });
    for (const one of desired) {
      const tended = this.#instances.get(one.id);
      if (tended === undefined)
        void this.#tend(
          one,
          found.some(({ id }) => id === one.id),
        );
      else if (one.mode === 'drain' && !tended.isDraining) void this.#drain(tended);
    }
    for (const id of actions.keepOneOffs) {
      const oneOff = wantedOneOffs.find((one) => one.id === id);
      if (oneOff === undefined) continue;
      const variables = { read: async () => ({ environment: {}, secrets: [] }) };
      const parts = {
        platform: this.#platform,
        oneOffs: this.#store.oneOffs,
        variables,
        clock: () => this.#run.timeline.now,
        log: SILENT,
      };
      const keeper = new OneOffKeeper(parts, oneOff, found.find((one) => one.id === id) ?? null);
      this.#oneOffs.set(id, keeper);
      void keeper.done.then(() => this.#oneOffs.delete(id));
    }
    for (const id of actions.letGo) {
      const tended = this.#instances.get(id);
      if (tended !== undefined) void this.#letGo(tended);
      this.#oneOffs.get(id)?.letGo();
    }
    for (const id of actions.orphans) {
      await this.#platform.stop(id, { graceMs: 0 });
      await this.#platform.remove(id);
    }
  }

  async #tend(desired: DesiredInstance, isAdopted: boolean): Promise<void> {
    const { random } = this.#run;
    const tended: Tended = { desired, isDraining: false, isGone: false };
    this.#instances.set(desired.id, tended);
    const { id, start, environmentId, deploymentId } = desired;
    if (desired.mode === 'drain') return await this.#drain(tended);
    const port = this.#run.nextPort();
    if (!isAdopted) await this.#platform.startInstance({ ...startBaseOf(desired, {}), id, start, port });
    await this.process.sleep(random.between(20, isAdopted ? 50 : 1_500));
    if (tended.isGone || tended.isDraining) return;
    if (this.#run.isSick(deploymentId)) return await this.#insist(() => this.#observe(desired, 'unhealthy'));
    const endpoint = { instanceId: id, environmentId, deploymentId, host: '127.0.0.1', port, ready: true };
    await this.#insist(() => this.#store.routing.putEndpoint(endpoint));
    if (tended.isGone) return await this.#insist(() => this.#store.routing.removeEndpoint(id));
    await this.#insist(() => this.#observe(desired, 'healthy'));
    if (this.#run.weather.isOver || !random.chance(0.1)) return;
    await this.process.sleep(random.between(0, 1_500));
    this.#run.strike('instance crashes', this.#run.stepOf(deploymentId), id);
    await this.#insist(() => this.#store.routing.removeEndpoint(id));
    await this.process.sleep(random.between(100, 8_000));
    if (!tended.isGone && !tended.isDraining) await this.#insist(() => this.#store.routing.putEndpoint(endpoint));
  }

  async #drain(tended: Tended): Promise<void> {
    tended.isDraining = true;
    await this.#insist(() => this.#store.routing.removeEndpoint(tended.desired.id));
    await this.process.sleep(this.#run.random.between(50, 4_000));
    await this.#end(tended);
    await this.#insist(() => this.#store.instances.withdraw([tended.desired.id]));
  }

  async #letGo(tended: Tended): Promise<void> {
    await this.#insist(() => this.#store.routing.removeEndpoint(tended.desired.id));
    await this.#end(tended);
    this.#instances.delete(tended.desired.id);
    await this.#insist(() => this.#store.instances.forget(this.#hostId, tended.desired.id));
  }

  async #end(tended: Tended): Promise<void> {
    const { desired } = tended;
    if (tended.isGone) return;
    tended.isGone = true;
    await this.#platform.stop(desired.id, { graceMs: 0 });
    await this.#platform.remove(desired.id);
    await this.#insist(() => this.#observe(desired, 'gone'));
  }

  async #observe({ id, hostId, deploymentId }: DesiredInstance, state: ObservedInstance['state']): Promise<void> {
    const at = this.#run.timeline.now;
    await this.#store.instances.observe({
      v: 1,
      id,
      hostId,
      deploymentId,
      state,
      address: null,
      pid: null,
      startedAt: at,
      restarts: 0,
      lastExit: null,
      health: null,
      outputTail: [],
      at,
    });
  }

  async #insist(act: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        onlyAway(error);
      }
      await this.process.sleep(RETRY_MS);
    }
  }
}

function onlyAway(error: unknown): void {
  if (!(error instanceof SwitchyardError) || error.code !== 'redis-unavailable') throw error;
}
