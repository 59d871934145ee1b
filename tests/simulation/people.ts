import { type Release, SwitchyardError, type Trigger } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { Fault } from './faults.ts';
import { storeOf } from './process-store.ts';
import type { Run, SimulatedApp } from './run.ts';
import { SimulatedProcess } from './simulated-process.ts';

const MAX_DEPLOYMENTS = 16;
const MEAN_PAUSE_MS = 2_600;

/** Those who deploy, push, cancel and go back, over an api whose connection may break as well. */
export class People {
  readonly #run: Run;
  readonly #process: SimulatedProcess;
  readonly #store: Store;
  #deployments = 0;
  #deliveries = 0;

  constructor(run: Run) {
    this.#run = run;
    this.#process = new SimulatedProcess('people', run.timeline);
    this.#store = storeOf(run, this.#process);
  }

  begin(): void {
    this.#process.run(() => void this.#live());
  }

  async #live(): Promise<void> {
    const { random, weather } = this.#run;
    while (!weather.isOver) {
      await this.#process.sleep(Math.ceil(-Math.log(1 - random.next()) * MEAN_PAUSE_MS));
      if (weather.isOver) return;
      await this.#do();
    }
  }

  /** In quiet times: somebody lifts holds, so that what waits goes on. */
  async liftHolds(): Promise<void> {
    await this.#process.run(async () => {
      for (const { id } of this.#run.rules.heldEnvironments())
        await this.#quietly(() => this.#store.chain.releaseHold(id));
    });
  }

  async #do(): Promise<void> {
    const { random, apps } = this.#run;
    const app = random.pick(apps);
    if (app === null) return;
    const what = random.pickOf([
      ['deploy', 5],
      ['push', 4],
      ['cancel', 3],
      ['rollback', 1],
      ['restart', 1],
      ['stop', 0.5],
      ['start', 0.5],
      ['releaseHold', 1],
      ['turnBack', 2],
      ['loseOneOff', 0.4],
      ['runnerDies', 0.4],
      ['routerDies', 0.4],
      ['workerStops', 1],
    ] as const);
    await this[what](app);
  }

  async deploy(app: SimulatedApp): Promise<void> {
    if (!this.#mayDeploy()) return;
    this.#run.world.push(app.repository);
    this.#strike('newer deployment', app);
    const once = `request-${this.#deployments}`;
    const what = { kind: 'deploy', ref: null, reuse: this.#run.random.chance(0.1) ? 'none' : 'all' } as const;
    const accept = () => this.#store.chain.accept({ ...idsOf(app), trigger: 'api', what, once });
    const accepted = await this.#quietly(accept);
    // Whoever got no answer asks again, by the same name.
    if (accepted === null) await this.#quietly(accept);
  }

  async push(app: SimulatedApp): Promise<void> {
    if (!this.#mayDeploy()) return;
    const { random } = this.#run;
    const sha = this.#run.world.push(app.repository);
    this.#strike('newer deployment', app);
    this.#deliveries += 1;
    const deliveryId = `delivery-${this.#deliveries}`;
    const deliver = () =>
      this.#store.chain.acceptPush({ ...idsOf(app), ref: 'main', sha, provider: 'github', deliveryId });
    await this.#quietly(deliver);
    if (random.chance(0.3)) await this.#quietly(deliver);
  }

  async cancel(app: SimulatedApp): Promise<void> {
    const { random, rules } = this.#run;
    const under = rules.unfinishedOf(app.environmentId);
    // Just before it goes live is when a cancel has most to get wrong.
    const late = [...rules.all.keys()].filter((one) => !rules.ended.has(one) && rules.stepOf(one) === 'switch');
    const id = random.pick(late.length > 0 && random.chance(0.5) ? late : under);
    if (id === null) return;
    this.#run.strike('cancel', this.#run.stepOf(id), id);
    await this.#quietly(() => this.#store.chain.cancel(id));
  }

  async rollback(app: SimulatedApp): Promise<void> {
    if (this.#run.rules.isStopped(app.environmentId)) return;
    await this.#enterAtHealth(app, 'rollback', 'rollback');
  }

  async restart(app: SimulatedApp): Promise<void> {
    if (this.#run.rules.isStopped(app.environmentId)) return;
    await this.#enterAtHealth(app, 'restart', 'restart');
  }

  async start(app: SimulatedApp): Promise<void> {
    if (this.#run.rules.isStopped(app.environmentId)) await this.#enterAtHealth(app, 'restart', 'start');
  }

  async stop(app: SimulatedApp): Promise<void> {
    this.#strike('stop', app);
    await this.#quietly(() => this.#store.routing.stop(app.environmentId));
  }

  async releaseHold(app: SimulatedApp): Promise<void> {
    this.#strike('hold is released', app);
    await this.#quietly(() => this.#store.chain.releaseHold(app.environmentId));
  }

  async turnBack(app: SimulatedApp): Promise<void> {
    const { random, rules } = this.#run;
    const live = rules.liveIn(app.environmentId);
    const id = random.pick(live === null ? rules.unfinishedOf(app.environmentId) : [live]);
    if (id === null) return;
    this.#run.strike('turn-back', this.#run.stepOf(id), id);
    const turnBack = () => this.#store.chain.turnBack(id, { minReady: 1, reason: 'It answers with errors.' });
    if ((await this.#quietly(turnBack)) === null) await this.#quietly(turnBack);
  }

  async loseOneOff(): Promise<void> {
    const { world, random } = this.#run;
    const host = random.pick(world.hosts);
    if (host === null) return;
    for (const found of await host.platform.runner.list()) {
      if (!found.id.startsWith('run_') || found.state !== 'running') continue;
      this.#run.strike('one-off is lost', 'migrate', found.id);
      host.platform.runner.exit(found.id, null);
      return;
    }
  }

  async runnerDies(): Promise<void> {
    const { runners, random } = this.#run;
    const [hostId, runner] = random.pick([...runners]) ?? [];
    if (hostId === undefined || runner === undefined) return;
    this.#run.strike('runner dies', this.#run.rules.someStep(), hostId);
    runner.die();
  }

  async routerDies(): Promise<void> {
    this.#run.strike('router is gone', this.#run.rules.someStep(), 'router');
    this.#run.router?.die();
  }

  async workerStops(): Promise<void> {
    const { workers, random } = this.#run;
    random.pick([...workers.values()])?.stop();
  }

  async #enterAtHealth(app: SimulatedApp, kind: 'rollback' | 'restart', trigger: Trigger & Fault): Promise<void> {
    if (!this.#mayDeploy()) return;
    const release = await this.#releaseOf(app, kind);
    if (release === null) return;
    this.#strike(trigger, app);
    const accept = () =>
      this.#store.chain.accept({ ...idsOf(app), trigger, what: { kind, release }, once: `back-${this.#deployments}` });
    if ((await this.#quietly(accept)) === null) await this.#quietly(accept);
  }

  async #releaseOf(app: SimulatedApp, kind: 'rollback' | 'restart'): Promise<Release | null> {
    const releases = (await this.#quietly(() => this.#store.releases.list(app.environmentId))) ?? [];
    const wereLive = releases.filter(({ liveAt }) => liveAt !== null);
    return kind === 'restart' ? (wereLive[0] ?? null) : this.#run.random.pick(wereLive);
  }

  #mayDeploy(): boolean {
    if (this.#deployments >= MAX_DEPLOYMENTS) return false;
    this.#deployments += 1;
    return true;
  }

  /** Comes between whatever is under way there. */
  #strike(fault: Fault, app: SimulatedApp): void {
    const under = this.#run.rules.unfinishedOf(app.environmentId);
    for (const id of under) this.#run.strike(fault, this.#run.stepOf(id), app.name);
    if (under.length === 0) this.#run.strike(fault, null, app.name);
  }

  /** What is refused is refused; and what has no answer may have happened. */
  async #quietly<Answer>(ask: () => Promise<Answer>): Promise<Answer | null> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof SwitchyardError) return null;
      throw error;
    }
  }
}

const idsOf = ({ appId, environmentId }: SimulatedApp) => ({ appId, environmentId });
