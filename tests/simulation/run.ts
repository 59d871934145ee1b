import {
  type AppId,
  type DeploymentId,
  type EnvironmentId,
  type FarmId,
  type HostId,
  idsFrom,
  LIMITS,
  type ProcessId,
  StepName as Step,
  type StepName,
  SwitchyardError,
} from '@switchyard/domain';
import type { Lease } from '@switchyard/queue';
// @boundaries-ignore the records of a simulated farm, and what they say, are the queue's own to open
import type { Audit, SimulatedFarm, SimulatedRedis } from '../../packages/queue/src/testing/simulated-redis.ts';
import { type Fault, FaultTable, Weather } from './faults.ts';
import { Hints } from './hints.ts';
import { History } from './history.ts';
import { Random } from './random.ts';
import { Rules } from './rules.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import { Timeline } from './timeline.ts';
import { WakeQueue } from './wake-queue.ts';
import { World } from './world.ts';

const START = 1_800_000_000_000;
const PORTS = LIMITS.portRange;
/** Few enough that deployments wait for them. */
export const SLOTS = { farm: 4, team: 3, app: 2 };

export interface SimulatedApp {
  readonly name: string;
  readonly appId: AppId;
  readonly environmentId: EnvironmentId;
  readonly repository: string;
}

/** Commands after which the records are looked at. */
const CHANGES =
  /^(chain\.(accept|acceptPush|begin|finish|cancel|releaseHold|moveRoute|turnBack|sweep)|claims\.claim|routing\.(stop|putEndpoint|removeEndpoint)|instances\.(desire|drain|withdraw|scale)|releases\.put|oneOffs\.(desire|remove))$/;

/** What every part of one run shares: time, chance, the records, the world, and what has happened so far. */
export class Run {
  readonly seed: number;
  readonly timeline = new Timeline(START);
  readonly random: Random;
  readonly weather: Weather;
  readonly table = new FaultTable();
  readonly history = new History(START);
  readonly farm: SimulatedFarm;
  readonly hints: Hints;
  readonly queue: WakeQueue;
  readonly rules: Rules;
  readonly apps: SimulatedApp[] = [];
  readonly workers = new Map<SimulatedProcess, { readonly processId: ProcessId; readonly stop: () => void }>();
  readonly runners = new Map<HostId, { readonly die: () => void }>();
  router: { readonly die: () => void } | null = null;
  farmId: FarmId = 'farm_unknown';
  readonly slots = SLOTS;
  /** Commands so far. */
  commands = 0;
  violation: string | null = null;
  #world: World | null = null;
  #storeNow = START;
  /** Told when a worker has died or stands still. */
  readonly onDeath = new Map<SimulatedProcess, () => void>();
  #caller: SimulatedProcess | null = null;
  #ids: number;
  #sweepTermEndsAt = 0;
  #ports = 0;
  readonly #sick = new Map<DeploymentId, boolean>();

  constructor(redis: SimulatedRedis, seed: number, prefix: string) {
    this.seed = seed;
    this.random = new Random(seed);
    this.weather = new Weather(this.random);
    this.#ids = 0;
    const { timeline, random, weather } = this;
    this.hints = new Hints(timeline, {
      isLost: () => random.chance(weather.isOver ? 0 : weather.hintIsLost),
      delayMs: () => random.between(0, 5),
    });
    this.queue = new WakeQueue({
      timeline,
      choose: (takers) => random.pick(takers),
      fate: (step) => this.#fateOf(step),
      violated: (what) => this.violated(what),
    });
    this.farm = redis.farm({
      prefix,
      clock: () => this.#storeNow,
      ids: idsFrom(() => this.#nextId()),
      wakeUps: {
        add: (entries, isNew) => {
          this.#mayFailToHandOn(Step.parse(entries[0]?.step));
          for (const entry of entries.toSorted((one, other) => (one.jobId < other.jobId ? -1 : 1)))
            this.queue.add(entry, isNew);
        },
        has: (id) => this.queue.has(id),
        waits: (id) => this.queue.waits(id),
      },
    });
    this.rules = new Rules(this);
  }

  get world(): World {
    if (this.#world === null) throw new Error('the world is made when the farm is');
    return this.#world;
  }

  makeWorld(farmId: FarmId): void {
    this.farmId = farmId;
    const { timeline, random, weather } = this;
    this.#world = new World({
      timeline,
      random,
      farmId,
      violated: (what) => this.violated(what),
      commandFails: () => !weather.isOver && random.chance(weather.stageFails),
    });
  }

  /** Ids that a seed makes again. */
  readonly ids = idsFrom(() => this.#nextId());

  #nextId(): string {
    this.#ids += 1;
    return this.#ids.toString(36).padStart(8, '0');
  }

  violated(what: string): void {
    if (this.violation !== null) return;
    this.violation = what;
    this.history.say(this.timeline.now, '!', what);
  }

  strike(fault: Fault, step: StepName | null, where: string): void {
    this.table.count(fault, step);
    this.history.say(this.timeline.now, '*', `${fault}: ${where}`);
  }

  /** Workers fail in every way; the others only as their own files have it. */
  mayFail(process: SimulatedProcess): boolean {
    return this.onDeath.has(process) && !process.isDead;
  }

  die(process: SimulatedProcess): void {
    if (process.isDead) return;
    process.die();
    this.onDeath.get(process)?.();
  }

  pause(process: SimulatedProcess, ms: number): void {
    process.pause(ms);
    if (ms < LIMITS.leaseMs) return;
    this.rules.haunt(process, ms);
  }

  /** One command: at Redis, in the record of what happened, and under the eyes of the rules. */
  async carryOut(command: {
    process: SimulatedProcess;
    name: string;
    args: readonly unknown[];
    sentAt: number;
    act: () => Promise<unknown>;
  }): Promise<unknown> {
    const { process, name, args, sentAt, act } = command;
    this.commands += 1;
    this.#storeNow = sentAt;
    this.#caller = process;
    if (name === 'chain.sweep' && this.timeline.now >= this.#sweepTermEndsAt) await this.farm.endSweepTerm();
    let answer: unknown;
    try {
      answer = await act();
    } catch (error) {
      this.history.say(this.timeline.now, process.name, name, args, error);
      if (!(error instanceof SwitchyardError)) this.violated(`${name} failed: ${String(error)}`);
      throw error;
    }
    if (name === 'chain.sweep' && answer !== null) {
      this.#sweepTermEndsAt = this.timeline.now + LIMITS.sweepMs * 2;
      await this.farm.keepSweepTerm();
    }
    this.rules.heard(name, args, answer, sentAt);
    if (CHANGES.test(name)) {
      this.history.say(this.timeline.now, process.name, name, args, answer);
      await this.look();
    }
    this.hints.after(name, args, answer);
    return answer;
  }

  async look(): Promise<Audit> {
    const audit = await this.farm.audit(
      this.rules.ended,
      this.apps.map(({ environmentId }) => environmentId),
    );
    this.rules.saw(audit);
    return audit;
  }

  /** Where a command is no process's in particular. */
  async atRedis(act: () => Promise<void>): Promise<void> {
    this.#storeNow = this.timeline.now;
    await act();
  }

  nameOf(processId: ProcessId): string {
    const found = [...this.workers].find(([, worker]) => worker.processId === processId);
    return found?.[0].name ?? '';
  }

  nextPort(): number {
    this.#ports += 1;
    return PORTS.first + (this.#ports % (PORTS.last - PORTS.first));
  }

  /** Whether a deployment's instances never get well. */
  isSick(id: DeploymentId): boolean {
    const known = this.#sick.get(id);
    if (known !== undefined) return known;
    const isSick = !this.weather.isOver && this.random.chance(0.08);
    this.#sick.set(id, isSick);
    return isSick;
  }

  /** Whose lease it is now. */
  holds(lease: Lease): boolean {
    return this.rules.tokenOf(lease.deploymentId) === String(lease.token);
  }

  stepOf(id: DeploymentId): StepName | null {
    return this.rules.stepOf(id);
  }

  #fateOf(step: StepName): { lost: boolean; lateMs: number; twice: boolean } {
    const { weather, random } = this;
    const lost = weather.happens('lostJob');
    const late = weather.happens('lateJob');
    const twice = weather.happens('twice');
    if (lost) this.strike('job is lost', step, step);
    else if (late) this.strike('job comes late', step, step);
    if (twice && !lost) this.strike('job comes twice', step, step);
    return { lost, twice, lateMs: late ? random.between(100, 20_000) : random.between(0, 3) };
  }

  /** Between the script and the queue: Redis is away, or the process dies. */
  #mayFailToHandOn(step: StepName): void {
    const process = this.#caller;
    if (process === null || !this.weather.happens('handOn')) return;
    this.strike('result is not handed on', step, process.name);
    if (this.mayFail(process) && this.random.chance(0.5)) this.die(process);
    throw new SwitchyardError('redis-unavailable', 'Redis does not answer right now.');
  }
}
