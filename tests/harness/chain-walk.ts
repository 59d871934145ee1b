import { randomBytes } from 'node:crypto';
import {
  type AppId,
  DEFAULT_TEAM,
  type Deployment,
  type DeploymentId,
  type Diagnosis,
  type EnvironmentId,
  idsFrom,
  LIMITS,
  nextStep,
  type OneOff,
  type Plan,
  type Release,
  type StepName,
  type TeamId,
} from '@switchyard/domain';
import { type BeginAnswer, type Lease, openStore, type StepResult, type Store } from '@switchyard/queue';

export const DIAGNOSIS: Diagnosis = {
  cause: 'build_command_failed',
  stage: 'build',
  title: 'The build failed',
  explanation: 'It did.',
  fix: 'Mend it.',
  evidence: [],
  details: {},
  fault: 'user',
  confidence: 1,
};

const PLAN: Plan = {
  v: 1,
  language: 'node',
  framework: null,
  root: '.',
  runtime: { name: 'node', wanted: '24' },
  packageManager: null,
  install: null,
  build: null,
  migrate: null,
  start: { kind: 'command', command: 'node server.js' },
  health: { path: null, timeLimitMs: 60_000 },
  warnings: [],
  persist: [],
  reasons: [],
};

export const ME = 'proc_workerone';
export const OTHER = 'proc_workertwo';

export interface WalkedApp {
  readonly appId: AppId;
  readonly environmentId: EnvironmentId;
}

/** Walks deployments through the real scripts by hand, in a time that only the test moves. */
export class ChainWalk {
  readonly store: Store;
  /** Of its keys in Redis. */
  readonly prefix: string;
  readonly app: WalkedApp;
  readonly #clock: { now: number };

  private constructor(store: Store, prefix: string, app: WalkedApp, clock: { now: number }) {
    this.store = store;
    this.prefix = prefix;
    this.app = app;
    this.#clock = clock;
  }

  static async open(redisUrl: string): Promise<ChainWalk> {
    const clock = { now: 1_800_000_000_000 };
    const prefix = `walk-${randomBytes(6).toString('hex')}`;
    const store = await openStore({
      redisUrl,
      prefix,
      clock: () => clock.now,
      ids: idsFrom(() => randomBytes(8).toString('hex')),
      name: 'chain-walk',
    });
    await store.farm.ensure(null);
    return new ChainWalk(store, prefix, await createApp(store, 'hello'), clock);
  }

  wait(ms: number): void {
    this.#clock.now += ms;
  }

  async newApp(name: string, team: TeamId = DEFAULT_TEAM): Promise<WalkedApp> {
    return await createApp(this.store, name, team);
  }

  async newTeam(name: string): Promise<TeamId> {
    return (await this.store.teams.create({ name, tokenHash: randomBytes(32).toString('hex') })).id;
  }

  async deploy(app = this.app): Promise<DeploymentId> {
    const what = { kind: 'deploy', ref: null, reuse: 'all' } as const;
    return (await this.store.chain.accept({ ...app, trigger: 'api', what })).id;
  }

  /** Goes back to, or starts again, the release that deployment #`number` made. */
  async goBack(
    kind: 'rollback' | 'restart',
    number: number,
    trigger: 'rollback' | 'restart' | 'start' = kind,
  ): Promise<DeploymentId> {
    const release = await this.store.releases.get(`rel_${number}aaaaaa`);
    if (release === null) throw new Error(`the release of #${number} is not kept`);
    return (await this.store.chain.accept({ ...this.app, trigger, what: { kind, release } })).id;
  }

  async get(id: DeploymentId): Promise<Deployment> {
    const found = await this.store.deployments.get(id);
    if (found === null) throw new Error(`${id} is gone`);
    return found;
  }

  async begin(
    deploymentId: DeploymentId,
    step: StepName,
    processId: 'proc_workerone' | 'proc_workertwo' = ME,
  ): Promise<BeginAnswer> {
    return await this.store.chain.begin({ deploymentId, step }, { processId });
  }

  /** Begins, and throws unless it may run. */
  async lease(id: DeploymentId, step: StepName, processId: 'proc_workerone' | 'proc_workertwo' = ME): Promise<Lease> {
    const answer = await this.begin(id, step, processId);
    if (answer.answer !== 'run') throw new Error(`${step} should have run, but was ${answer.answer}`);
    return answer.lease;
  }

  async pass(id: DeploymentId, step: StepName, result: StepResult = { kind: 'succeeded' }): Promise<void> {
    const lease = await this.lease(id, step);
    if (step === 'switch') await this.moveRoute(lease);
    const answer = await this.store.chain.finish(lease, result);
    if (answer !== 'finished') throw new Error(`${step}: ${answer}`);
  }

  /** Goes on up to, not into, `until`; null goes to the end. */
  async walk(id: DeploymentId, until: StepName | null): Promise<void> {
    for (let step: StepName | null = (await this.get(id)).step; step !== null && step !== until; step = nextStep(step))
      await this.pass(id, step);
  }

  /** A migration of the deployment is wanted, of which the test plays the runner. */
  async desireOneOff(lease: Lease): Promise<OneOff> {
    const deployment = await this.get(lease.deploymentId);
    const { farmId, teamId, appId, environmentId, number, id } = deployment;
    const oneOff = await this.store.oneOffs.desire(lease, {
      v: 1,
      id: `run_${number}${appId.slice(-8)}`,
      farmId,
      epoch: 1,
      hostId: 'host_aaaaaa',
      teamId,
      appId,
      environmentId,
      deploymentId: id,
      snapshot: { key: 'tree', placement: 'any' },
      command: 'migrate',
      runtime: PLAN.runtime,
      root: '.',
      persist: [],
      env: {},
      timeLimitMs: 60_000,
      limits: LIMITS.buildResources,
      state: 'wanted',
      exit: null,
      endRequestedAt: null,
      createdAt: this.#clock.now,
      startedAt: null,
      endedAt: null,
    });
    if (oneOff === null) throw new Error('the lease was lost');
    return oneOff;
  }

  /** Keeps a release (or takes the one it was accepted with), makes one instance ready, and moves the route onto it. */
  async moveRoute(lease: Lease): Promise<string> {
    const deployment = await this.get(lease.deploymentId);
    const { releaseId } = deployment.artifacts;
    const kept =
      releaseId === undefined
        ? await this.store.releases.put(lease, releaseOf(deployment))
        : await this.store.releases.get(releaseId);
    if (kept === null) return 'lease-lost';
    const [instance] =
      (await this.store.instances.desire(lease, [
        {
          v: 1,
          id: `ins_${deployment.number}aaaaaa`,
          farmId: deployment.farmId,
          epoch: 1,
          hostId: 'host_aaaaaa',
          teamId: deployment.teamId,
          appId: deployment.appId,
          appName: 'hello',
          environmentId: deployment.environmentId,
          deploymentId: deployment.id,
          releaseId: kept.id,
          snapshot: kept.snapshot,
          start: PLAN.start,
          runtime: PLAN.runtime,
          root: '.',
          persist: [],
          env: {},
          health: PLAN.health,
          limits: LIMITS.runResources,
          mode: 'run',
          drainUntil: null,
          createdAt: this.#clock.now,
        },
      ])) ?? [];
    if (instance === undefined) return 'lease-lost';
    const { environmentId, id: deploymentId } = deployment;
    await this.store.routing.putEndpoint({
      instanceId: instance.id,
      environmentId,
      deploymentId,
      host: '127.0.0.1',
      port: 20_001,
      ready: true,
    });
    return (await this.store.chain.moveRoute(lease, { releaseId: kept.id, minReady: 1 })).answer;
  }

  async close(): Promise<void> {
    await this.store.close();
  }
}

async function createApp(store: Store, name: string, teamId = DEFAULT_TEAM): Promise<WalkedApp> {
  const repository = 'https://example.test/r.git';
  const made = await store.apps.create({
    teamId,
    name,
    repository,
    branch: null,
    hosts: [`${name}.localhost`],
  });
  return { appId: made.app.id, environmentId: made.environment.id };
}

function releaseOf({ id, number, teamId, appId, environmentId, createdAt }: Deployment): Release {
  return {
    v: 1,
    id: `rel_${number}aaaaaa`,
    teamId,
    appId,
    environmentId,
    deploymentId: id,
    number,
    commit: null,
    snapshot: { key: `rel-${number}`, placement: 'any' },
    plan: PLAN,
    createdAt,
    liveAt: null,
  };
}
