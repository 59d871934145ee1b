import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type DeploymentId,
  type DesiredInstance,
  type Farm,
  type HostId,
  type InstanceId,
  LIMITS,
  nextStep,
  type ObservedInstance,
  type OneOff,
  type SnapshotRef,
  type StepName,
} from '@switchyard/domain';
import { openPlatform, type Platform, type PlatformOptions } from '@switchyard/platform';
import { type Lease, openStore, type Store } from '@switchyard/queue';
import {
  createLog,
  fileBlobs,
  type OutputArchive,
  outputArchive,
  secretBox,
  systemClock,
  systemIds,
} from '@switchyard/service';
import { z } from 'zod';
import { Ports } from '../ports.ts';
import { Runner } from '../runner.ts';
import { StartedSecrets } from '../started-secrets.ts';
import { TableMemory } from '../table-memory.ts';

const WORKER = 'proc_workerone';

/** A server whose ways the test chooses by what it asks for, on the port that it is told unless `LISTEN` names another. */
const SERVER = `
const { createServer } = require('node:http');
console.log('started with', process.argv.length, 'arguments');
const port = Number(process.env.LISTEN || process.env.PORT);
createServer((request, response) => {
  if (request.url === '/exit') process.exit(7);
  response.statusCode = Number(process.env.STATUS || 200);
  response.end(process.env.SAYS || 'hello');
}).listen(port, process.env.HOST, () => console.log('listening'));
`;

/** A farm of one host in a data directory of its own: real Redis, the local platform, a runner that can be started again. */
export class FarmUnderTest {
  readonly store: Store;
  readonly platform: Platform;
  readonly hostId = systemIds('host');
  readonly farm: Farm;
  readonly box = secretBox(Buffer.alloc(32, 1));
  /** What instances printed, as the api reads it. */
  readonly archive: OutputArchive;
  restarts = 0;
  readonly #directory: string;
  readonly #snapshot: SnapshotRef;
  readonly #app: { appId: `app_${string}`; environmentId: `env_${string}` };
  #runner: Runner | null = null;

  private constructor(
    store: Store,
    platform: Platform,
    farm: Farm,
    hostId: `host_${string}`,
    directory: string,
    snapshot: SnapshotRef,
    app: { appId: `app_${string}`; environmentId: `env_${string}` },
  ) {
    this.store = store;
    this.platform = platform;
    this.farm = farm;
    this.hostId = hostId;
    this.#directory = directory;
    this.archive = outputArchive(fileBlobs(join(directory, 'blobs')));
    this.#snapshot = snapshot;
    this.#app = app;
  }

  static async open(redisUrl: string): Promise<FarmUnderTest> {
    const directory = await mkdtemp(join(tmpdir(), 'runner-'));
    const store = await openStore({
      redisUrl,
      prefix: `runner-${randomBytes(6).toString('hex')}`,
      clock: systemClock,
      ids: systemIds,
      name: 'runner-test',
    });
    const farm = await store.farm.ensure(null);
    const hostId = systemIds('host');
    const platform = await openPlatform(platformOptions(farm, hostId, directory));
    const made = await store.apps.create({
      teamId: 'team_default',
      name: 'shop',
      repository: 'https://example.test/shop.git',
      branch: null,
      hosts: ['shop.localhost'],
    });
    const tree = join(directory, 'tree');
    await mkdir(tree);
    await writeFile(join(tree, 'server.js'), SERVER);
    const snapshot = await platform.worker.importTree({
      attempt: { appId: 'app_importing', deploymentId: 'dep_importing', stage: 'source', token: 1 },
      directory: tree,
      publish: 'tree-server',
    });
    const app = { appId: made.app.id, environmentId: made.environment.id };
    return new FarmUnderTest(store, platform, farm, hostId, directory, snapshot, app);
  }

  get environmentId(): `env_${string}` {
    return this.#app.environmentId;
  }

  /** Where the runner remembers the newest table that it has seen. */
  get memoryPath(): string {
    return join(this.#directory, 'runner-state.json');
  }

  /** Sets a variable of the app. */
  async setVariable(name: string, value: string): Promise<void> {
    const sealed = this.box.seal({ farmId: this.farm.id, ...this.#app, name }, value);
    await this.store.variables.set(this.#app.environmentId, [
      { name, scope: 'run', environment: 'production', sensitive: true, sealed },
    ]);
  }

  async startRunner(): Promise<void> {
    const runner = new Runner({
      store: this.store,
      platform: this.platform.runner,
      ports: await Ports.open(join(this.#directory, 'ports.json'), systemClock, Math.random),
      memory: new TableMemory(this.memoryPath, this.farm),
      outputArchive: this.archive,
      startedSecrets: new StartedSecrets(join(this.#directory, 'started-secrets'), this.box),
      secretBox: this.box,
      farm: this.farm,
      hostId: this.hostId,
      clock: systemClock,
      log: createLog({ process: 'runner', level: 'silent' }),
      onRestart: () => {
        this.restarts += 1;
      },
    });
    await runner.start();
    this.#runner = runner;
  }

  async stopRunner(options = { stopInstances: false }): Promise<void> {
    await this.#runner?.stop(options);
    this.#runner = null;
  }

  async close(): Promise<void> {
    await this.stopRunner();
    for (const { id } of await this.platform.runner.list()) {
      await this.platform.runner.stop(id, { graceMs: 0 });
      await this.platform.runner.remove(id);
    }
    await this.platform.close();
    await this.store.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** A deployment that has come as far as `step`, by hand. */
  async leaseAt(step: StepName): Promise<Lease> {
    const { chain } = this.store;
    const what = { kind: 'deploy', ref: null, reuse: 'all' } as const;
    const { id } = await chain.accept({ ...this.#app, trigger: 'api', what });
    for (let next: StepName | null = 'pin'; next !== null; next = nextStep(next)) {
      const begun = await chain.begin({ deploymentId: id, step: next }, { processId: WORKER });
      if (begun.answer !== 'run') throw new Error(`${next}: ${begun.answer}`);
      if (next === step) return begun.lease;
      await chain.finish(begun.lease, { kind: 'succeeded' });
    }
    throw new Error(`${step} was not reached`);
  }

  /** One more instance is wanted. */
  async desire(change: Partial<DesiredInstance> = {}): Promise<DesiredInstance> {
    const lease = await this.leaseAt('health');
    const desired = await this.store.instances.desire(lease, [
      {
        ...this.#base(lease.deploymentId),
        id: systemIds('ins'),
        appName: 'shop',
        releaseId: systemIds('rel'),
        start: { kind: 'command', command: 'node server.js' },
        health: { path: null, timeLimitMs: 20_000 },
        limits: LIMITS.runResources,
        mode: 'run',
        drainUntil: null,
        ...change,
      },
    ]);
    const [instance] = desired ?? [];
    if (instance === undefined) throw new Error('the lease was lost');
    await this.store.chain.finish(lease, { kind: 'succeeded' });
    return instance;
  }

  async desireOneOff(command: string, change: Partial<OneOff> = {}): Promise<OneOff> {
    const lease = await this.leaseAt('migrate');
    const oneOff = await this.store.oneOffs.desire(lease, {
      ...this.#base(lease.deploymentId),
      id: systemIds('run'),
      command,
      timeLimitMs: 60_000,
      limits: LIMITS.buildResources,
      state: 'wanted',
      exit: null,
      endRequestedAt: null,
      startedAt: null,
      endedAt: null,
      ...change,
    });
    if (oneOff === null) throw new Error('the lease was lost');
    return oneOff;
  }

  /**
   * Leaves a one-off as a runner does that is killed while it gets the tree ready: made, and not begun. `agoMs`: how long ago.
   */
  async leaveHalfMade(oneOff: OneOff, agoMs: number): Promise<void> {
    const dead = await openPlatform(platformOptions(this.farm, this.hostId, this.#directory));
    const { command, timeLimitMs, ...base } = oneOff;
    await new Promise<void>((reached) => {
      const never = new Promise<void>(() => undefined);
      void dead.runner.startOneOff({ ...base, command, timeLimitMs, labels: {} }, () => {
        reached();
        return never;
      });
    });
    await dead.close();
    const spec = join(this.#directory, 'oneoffs', oneOff.id, 'spec.json');
    const made = z.looseObject({ startedAt: z.number() }).parse(JSON.parse(await readFile(spec, 'utf8')));
    await writeFile(spec, `${JSON.stringify({ ...made, startedAt: made.startedAt - agoMs })}\n`);
  }

  async observed(instance: DesiredInstance): Promise<ObservedInstance | null> {
    const all = await this.store.instances.observed(instance.deploymentId);
    return all.find(({ id }) => id === instance.id) ?? null;
  }

  async state(instance: DesiredInstance): Promise<ObservedInstance['state'] | null> {
    return (await this.observed(instance))?.state ?? null;
  }

  /** Where visitors of an instance are sent to; null while it takes none. */
  async endpoint(id: InstanceId): Promise<{ host: string; port: number } | null> {
    const found = (await this.store.routing.table()).endpoints.find((one) => one.instanceId === id);
    return found?.ready === true ? { host: found.host, port: found.port } : null;
  }

  /** What an instance answers through its endpoint. */
  async visit(id: InstanceId, path = '/'): Promise<string | null> {
    const endpoint = await this.endpoint(id);
    if (endpoint === null) return null;
    return await fetch(`http://${endpoint.host}:${endpoint.port}${path}`).then(
      (answer) => answer.text(),
      () => null,
    );
  }

  async pidOf(id: InstanceId): Promise<number | null> {
    return (await this.platform.runner.list()).find((one) => one.id === id)?.pid ?? null;
  }

  #base(deploymentId: DeploymentId) {
    const { id: farmId, epoch } = this.farm;
    return {
      v: 1 as const,
      farmId,
      epoch,
      hostId: this.hostId,
      teamId: 'team_default' as const,
      ...this.#app,
      deploymentId,
      snapshot: this.#snapshot,
      runtime: { name: 'node' as const, wanted: '*' },
      root: '.',
      persist: [],
      env: {},
      createdAt: systemClock(),
    };
  }
}

function platformOptions(farm: Farm, hostId: HostId, dataDir: string): PlatformOptions {
  return {
    kind: 'local',
    farmId: farm.id,
    epoch: farm.epoch,
    hostId,
    dataDir,
    extraCaCerts: null,
    dockerNetwork: null,
    allowFileRepositories: false,
    announce: () => undefined,
  };
}
