import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type DesiredInstance,
  LIMITS,
  NO_MAXIMA,
  nextStep,
  type Plan,
  type Release,
  type SnapshotRef,
  type StepName,
} from '@switchyard/domain';
import { openFakePlatform, openSources, openUploads } from '@switchyard/platform';
import { type Lease, openStore, type Store } from '@switchyard/queue';
import { fileBlobs, secretBox, systemClock, systemIds } from '@switchyard/service';
import { AttemptMemory } from '../attempt-memory.ts';
import { attemptVariables } from '../attempt-variables.ts';
import { StageStop, type StopReason } from '../stage-stop.ts';
import type { StageContext } from '../stages/stage.ts';

const SNAPSHOT: SnapshotRef = { key: 'tree-tested', placement: 'any' };

const PLAN: Plan = {
  v: 1,
  language: 'node',
  framework: null,
  root: '.',
  runtime: { name: 'node', wanted: '*' },
  packageManager: null,
  install: null,
  build: null,
  migrate: { command: 'node migrate.js' },
  start: { kind: 'command', command: 'node server.js' },
  health: { path: null, timeLimitMs: 60_000 },
  warnings: [],
  persist: [],
  reasons: [],
};

/** One stage of a deployment on real records, begun under a real lease, with the ways to stop it in the test's hand. */
export class StageUnderTest {
  readonly store: Store;
  readonly lease: Lease;
  readonly context: StageContext;
  readonly said: string[];
  readonly #stop: AbortController;
  readonly #leave: AbortController;

  private constructor(
    store: Store,
    context: StageContext,
    said: string[],
    stop: AbortController,
    leave: AbortController,
  ) {
    this.store = store;
    this.lease = context.lease;
    this.context = context;
    this.said = said;
    this.#stop = stop;
    this.#leave = leave;
  }

  static async begin(redisUrl: string, step: StepName): Promise<StageUnderTest> {
    const store = await openStore({
      redisUrl,
      prefix: `stage-${randomBytes(6).toString('hex')}`,
      clock: systemClock,
      ids: systemIds,
      name: 'stage-test',
    });
    const farm = await store.farm.ensure(null);
    const hostId = systemIds('host');
    // The stages that are tested here only read and write records: nothing makes this directory.
    const dataDirectory = join(tmpdir(), `stage-${randomBytes(6).toString('hex')}`);
    const platform = openFakePlatform({
      farmId: farm.id,
      hostId,
      clock: systemClock,
      sleep: () => Promise.resolve(),
      needsHostPorts: true,
    });
    const { app, environment } = await store.apps.create({
      teamId: 'team_default',
      name: 'shop',
      repository: 'https://example.test/shop.git',
      branch: null,
      hosts: ['shop.localhost'],
    });
    const what = { kind: 'deploy', ref: null, reuse: 'all' } as const;
    const owner = { appId: app.id, environmentId: environment.id };
    const { id } = await store.chain.accept({ ...owner, trigger: 'api', what });
    const releaseId = systemIds('rel');
    for (let next: StepName | null = 'pin'; next !== null; next = nextStep(next)) {
      const begun = await store.chain.begin({ deploymentId: id, step: next }, { processId: 'proc_workerone' });
      if (begun.answer !== 'run') throw new Error(`${next}: ${begun.answer}`);
      const { lease, deployment } = begun;
      if (next === step) {
        const stop = new AbortController();
        const leave = new AbortController();
        const said: string[] = [];
        const context: StageContext = {
          deployment: { ...deployment, plan: PLAN, artifacts: { source: SNAPSHOT, releaseId } },
          app,
          environment,
          farm,
          hostId,
          lease,
          attempt: { appId: app.id, deploymentId: id, stage: 'source', token: lease.token },
          timeLimitMs: 60_000,
          maxima: NO_MAXIMA,
          memory: new AttemptMemory(),
          platform: platform.worker,
          readOutput: (...where) => platform.runner.readOutput(...where),
          sources: openSources({ dataDir: dataDirectory, extraCaCerts: null, allowFileRepositories: false }),
          uploads: openUploads({ dataDir: dataDirectory }),
          records: store,
          disk: { ensureRoom: () => Promise.resolve() },
          blobs: fileBlobs(join(dataDirectory, 'blobs')),
          dataDirectory,
          url: 'http://shop.localhost',
          sourceCredential: () => null,
          variables: attemptVariables(secretBox(Buffer.alloc(32, 1)), { farmId: farm.id, ...owner }, []),
          log: { output: () => undefined, say: (line) => void said.push(line) },
          signal: stop.signal,
          leave: leave.signal,
          clock: systemClock,
          ids: systemIds,
          faultPoint: () => undefined,
        };
        return new StageUnderTest(store, context, said, stop, leave);
      }
      const release: Release = {
        v: 1,
        id: releaseId,
        teamId: 'team_default',
        ...owner,
        deploymentId: id,
        number: deployment.number,
        commit: null,
        snapshot: SNAPSHOT,
        plan: PLAN,
        createdAt: systemClock(),
        liveAt: null,
      };
      if (next === 'package') await store.releases.put(lease, release);
      await store.chain.finish(lease, { kind: 'succeeded' });
    }
    throw new Error(`${step} was not reached`);
  }

  /** As a worker asks its stages to end. */
  stop(reason: StopReason): void {
    const stop = new StageStop(reason);
    if (reason === 'lost' || reason === 'stopping') this.#leave.abort(stop);
    this.#stop.abort(stop);
  }

  /** An instance of the deployment's release, as an earlier stage would have wanted it. */
  async desireInstance(): Promise<DesiredInstance> {
    const { deployment, environment, app, hostId, farm } = this.context;
    const { releaseId } = deployment.artifacts;
    if (releaseId === undefined) throw new Error('no release');
    const instances = await this.store.instances.desire(this.lease, [
      {
        v: 1,
        id: systemIds('ins'),
        farmId: farm.id,
        epoch: farm.epoch,
        hostId,
        teamId: deployment.teamId,
        appId: app.id,
        appName: app.name,
        environmentId: environment.id,
        deploymentId: deployment.id,
        releaseId,
        snapshot: SNAPSHOT,
        start: PLAN.start,
        runtime: PLAN.runtime,
        root: PLAN.root,
        persist: [],
        env: {},
        health: PLAN.health,
        limits: LIMITS.runResources,
        mode: 'run',
        drainUntil: null,
        createdAt: systemClock(),
      },
    ]);
    const [instance] = instances ?? [];
    if (instance === undefined) throw new Error('the lease was lost');
    return instance;
  }

  /** Another worker may begin the stage, and this one does not know it. */
  async loseLease(): Promise<void> {
    await this.store.chain.finish(this.lease, { kind: 'handed_back' });
  }

  async close(): Promise<void> {
    await this.store.close();
  }
}
