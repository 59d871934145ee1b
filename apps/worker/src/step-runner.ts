import {
  type Clock,
  type DeploymentId,
  type Farm,
  type HostId,
  type Ids,
  type MemoryUse,
  type ProcessId,
  type ResourceMaxima,
  type StepName,
  SwitchyardError,
  stageOf,
  stageTimeLimitMs,
  variableOwnerOf,
} from '@switchyard/domain';
import type { Platform, Sources, Uploads } from '@switchyard/platform';
import type { BeginAnswer, StepResult, Store, Wake } from '@switchyard/queue';
import type { Blobs, Log, LogArchive, SecretBox } from '@switchyard/service';
import { type AttemptCredential, attemptCredential, needsSourceCredential } from './attempt-credential.ts';
import { AttemptLog } from './attempt-log.ts';
import { AttemptMemory, memoryLine } from './attempt-memory.ts';
import { type AttemptVariables, attemptVariables } from './attempt-variables.ts';
import { diagnose } from './diagnosis.ts';
import type { DiskKeeper } from './disk-keeper.ts';
import type { FaultPoint } from './fault-points.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import type { WorkerMetrics } from './metrics.ts';
import { StageStop, type StopReason } from './stage-stop.ts';
import type { Stage, StageContext } from './stages/stage.ts';
import { STAGE_WORK } from './stages/table.ts';
import { decideEnd, type StepEnd, stopAfterMs } from './step-end.ts';
import { insist } from './waiting.ts';

export interface StepRunnerOptions {
  readonly store: Store;
  readonly platform: Platform;
  readonly sources: Sources;
  readonly uploads: Uploads;
  readonly blobs: Blobs;
  readonly archive: LogArchive;
  readonly farm: Pick<Farm, 'id' | 'epoch'>;
  readonly hostId: HostId;
  readonly processId: ProcessId;
  readonly dataDirectory: string;
  /** Where visitors reach a host of an environment. */
  readonly urlOf: (host: string) => string;
  /** This worker's own values that no log may show. */
  readonly secrets: readonly string[];
  /** Opens the variables of apps. */
  readonly secretBox: SecretBox;
  /** What the operator grants commands and apps at most. */
  readonly maxima: ResourceMaxima;
  readonly clock: Clock;
  readonly ids: Ids;
  /** 0 ≤ jitter < 1. */
  readonly jitter: () => number;
  readonly faultPoint: FaultPoint;
  /** Instead of what a worker does for each step: for what is about the order of things, and not about Git or a disk. */
  readonly stages?: Readonly<Record<StepName, Stage>>;
  readonly disk: Pick<DiskKeeper, 'ensureRoom'>;
  readonly metrics: WorkerMetrics;
  readonly log: Log;
}

interface AttemptParts {
  readonly attemptLog: AttemptLog;
  readonly variables: AttemptVariables;
  readonly memory: AttemptMemory;
  readonly credential: AttemptCredential;
  readonly limitMs: number;
}

type Begun = Extract<BeginAnswer, { answer: 'run' }>;

/** A step at work in this process, and the two ways to end it. */
class ActiveStep {
  readonly #stop = new AbortController();
  readonly #leave = new AbortController();
  readonly #mayCancel: boolean;

  constructor(mayCancel: boolean) {
    this.#mayCancel = mayCancel;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get leave(): AbortSignal {
    return this.#leave.signal;
  }

  stop(reason: StopReason): void {
    if (reason === 'cancel' && !this.#mayCancel) return;
    const stop = new StageStop(reason);
    if (reason === 'lost' || reason === 'stopping') this.#leave.abort(stop);
    this.#stop.abort(stop);
  }
}

/** One wake-up at a time, from begin to finish: may it run, run it under a lease, record how it ended. */
export class StepRunner {
  readonly #options: StepRunnerOptions;
  readonly #active = new Map<DeploymentId, ActiveStep>();
  #isStopping = false;

  constructor(options: StepRunnerOptions) {
    this.#options = options;
  }

  get active(): number {
    return this.#active.size;
  }

  cancel(id: DeploymentId): void {
    this.#active.get(id)?.stop('cancel');
  }

  /** Every step that runs or comes ends soon and is handed back. */
  stopAll(): void {
    this.#isStopping = true;
    for (const step of this.#active.values()) step.stop('stopping');
  }

  async work(wake: Wake): Promise<void> {
    const { store, processId, clock, faultPoint } = this.#options;
    const since = clock();
    const begun = await store.chain.begin(wake, { processId });
    if (begun.answer !== 'run') return;
    faultPoint(`${wake.step}:begun`);
    const { deployment } = begun;
    // In cleanup a cancel has been heard; a deployment that is live can't be cancelled.
    const step = new ActiveStep(wake.step !== 'cleanup' && deployment.liveAt === null);
    this.#active.set(wake.deploymentId, step);
    const keeper = new LeaseKeeper({
      chain: store.chain,
      lease: begun.lease,
      clock,
      since,
      onCancel: () => step.stop('cancel'),
    });
    keeper.lost.addEventListener('abort', () => step.stop('lost'), { once: true });
    if (deployment.cancelRequestedAt !== null) step.stop('cancel');
    if (this.#isStopping) step.stop('stopping');
    try {
      await this.#attempt(begun, step, keeper.lost, since);
    } finally {
      keeper.release();
      if (this.#active.get(wake.deploymentId) === step) this.#active.delete(wake.deploymentId);
    }
  }

  async #attempt(begun: Begun, step: ActiveStep, lost: AbortSignal, since: number): Promise<void> {
    const { store, archive, secrets, clock, jitter, faultPoint, log } = this.#options;
    const { lease, deployment, attempt, counted } = begun;
    const name = lease.step;
    const limitMs = stageTimeLimitMs(name, deployment.plan);
    const processLog = log.child({
      deploymentId: deployment.id,
      app: begun.app.name,
      number: deployment.number,
      stage: name,
      attempt,
    });
    const variables = this.#variablesOf(begun);
    const credential = await this.#credentialOf(begun, lost);
    const attemptLog = new AttemptLog({
      events: store.events,
      archive,
      lease,
      attempt,
      secrets: [...secrets, ...variables.secrets, ...credential.secrets],
      lost,
      log: processLog,
    });

    const timer = setTimeout(() => step.stop('time-limit'), stopAfterMs(name, limitMs));
    const memory = new AttemptMemory();
    let end: StepEnd;
    try {
      end = { outcome: await this.#run(begun, step, { attemptLog, variables, credential, memory, limitMs }) };
    } catch (thrown) {
      end = { thrown };
    } finally {
      clearTimeout(timer);
    }
    faultPoint(`${name}:ran`);

    const { sink } = attemptLog;
    const decided = decideEnd({
      end,
      step: name,
      signal: step.signal,
      leave: step.leave,
      limitMs,
      counted,
      jitter: jitter(),
      diagnose: (failure) => diagnose(failure, { step: name, deployment, variables, log: sink }),
    });
    const result = decided !== null && 'note' in decided ? { ...decided, note: sink.mask(decided.note) } : decided;
    if ('thrown' in end && result?.kind === 'failed' && result.diagnosis.cause === 'internal')
      processLog.error({ err: maskedError(end.thrown, (text) => sink.mask(text)) }, 'a stage failed unexpectedly');
    const line = memory.most === null ? null : memoryLine(memory.most);
    if (line !== null) sink.say(line);
    if (result !== null) this.#say(begun, attemptLog, result);
    await attemptLog.close(result);
    const answer = result === null ? 'lease-lost' : await this.#finish(begun, lost, result, memory.most);
    faultPoint(`${name}:finished`);
    processLog.info({ result: answer === 'lease-lost' ? 'lost' : result?.kind, ms: clock() - since }, 'stage ended');
    this.#count(begun, answer === 'lease-lost' ? null : result, (clock() - since) / 1_000);
  }

  /** Null where Redis stayed away for longer than the lease, which another worker has by then. */
  async #finish(
    { lease }: Begun,
    lost: AbortSignal,
    result: StepResult,
    memory: MemoryUse | null,
  ): Promise<'finished' | 'lease-lost'> {
    try {
      return await insist(lost, () => this.#options.store.chain.finish(lease, result, memory));
    } catch (error) {
      if (lost.aborted) return 'lease-lost';
      throw error;
    }
  }

  #variablesOf({ deployment: { appId }, environment, variables }: Begun): AttemptVariables {
    const { farm, secretBox } = this.#options;
    const environmentId = variableOwnerOf(environment);
    return attemptVariables(secretBox, { farmId: farm.id, appId, environmentId }, variables);
  }

  async #credentialOf({ lease, deployment: { appId } }: Begun, lost: AbortSignal): Promise<AttemptCredential> {
    const { store, farm, secretBox } = this.#options;
    const sealed = needsSourceCredential(lease.step)
      ? await readOrReason(lost, () => store.sourceCredentials.readSealed(appId))
      : null;
    return attemptCredential(secretBox, { farmId: farm.id, appId }, sealed);
  }

  async #run(begun: Begun, step: ActiveStep, attempt: AttemptParts) {
    const { platform, stages = STAGE_WORK } = this.#options;
    const { lease, deployment } = begun;
    // What a dead worker has left running must not meet this attempt's files.
    await platform.worker.discardAttempts(deployment.id, lease.token);
    return await stages[lease.step](this.#contextOf(begun, step, attempt));
  }

  #contextOf(
    { lease, deployment, app, environment }: Begun,
    { signal, leave }: ActiveStep,
    { attemptLog, variables, credential, memory, limitMs }: AttemptParts,
  ): StageContext {
    const { store, platform, faultPoint, urlOf, secretBox: _secretBox, ...rest } = this.#options;
    return {
      ...rest,
      deployment,
      app,
      environment,
      lease,
      attempt: { appId: deployment.appId, deploymentId: deployment.id, stage: stageOf(lease.step), token: lease.token },
      timeLimitMs: limitMs,
      platform: platform.worker,
      readOutput: (id, offset, maxBytes) => platform.runner.readOutput(id, offset, maxBytes),
      records: store,
      variables,
      memory,
      sourceCredential: () => credential.open(),
      url: urlOf(environment.hosts[0] ?? app.name),
      log: attemptLog.sink,
      signal,
      leave,
      faultPoint: (point) => faultPoint(`${lease.step}:${point}`),
    };
  }

  #say({ deployment }: Begun, { sink }: AttemptLog, result: StepResult): void {
    if (result.kind === 'skipped') sink.say(result.note);
    if (result.kind === 'cancelled') sink.say('Cancelled.');
    if (result.kind === 'timed_out') sink.say(`Ended after its limit of ${Math.round(result.limitMs / 1_000)} s.`);
    if (result.kind === 'awaits' || result.kind === 'awaits_database') sink.say(result.note);
    if (result.kind === 'handed_back') sink.say('This worker is stopping; another goes on.');
    if (result.kind !== 'failed') return;
    sink.say(result.note);
    if (result.retryAfterMs !== null) sink.say(`Trying again in ${(result.retryAfterMs / 1_000).toFixed(1)} s.`);
    else if (deployment.stages.some(({ name, status }) => name === 'migrate' && status === 'succeeded'))
      sink.say('The migration has run, and the new version is not live: the old one serves on the migrated database.');
  }

  /** `result` null: the lease was lost. */
  #count({ lease, deployment }: Begun, result: StepResult | null, seconds: number): void {
    const { metrics, clock } = this.#options;
    const { step } = lease;
    const stage = stageOf(step);
    if (result?.kind === 'handed_back' || result?.kind === 'awaits' || result?.kind === 'awaits_database') return;
    const kind = result === null ? 'lost' : result.kind === 'superseded' ? 'skipped' : result.kind;
    if (step !== 'pin' || kind === 'failed') metrics.stageEnded({ stage, result: kind, seconds });
    if (result?.kind === 'succeeded' && result.cache !== undefined) metrics.cacheAnswered(stage, result.cache.result);
    if (result?.kind === 'failed' && result.retryAfterMs !== null) metrics.retried(stage, result.diagnosis.cause);
    if (result === null || (result.kind === 'failed' && result.retryAfterMs !== null)) return;
    // A deployment that fails before its first stage has nothing to clean up.
    const outcome = step === 'cleanup' ? deployment.outcome : step === 'pin' ? outcomeOf(result) : null;
    if (outcome === null) return;
    const { trigger, createdAt } = deployment;
    metrics.deploymentEnded({ result: outcome, trigger, seconds: (clock() - createdAt) / 1_000 });
  }
}

/** For the process's own log: a mistake of ours may name what it was made with. */
function maskedError(thrown: unknown, mask: (text: string) => string) {
  if (!(thrown instanceof Error)) return mask(String(thrown));
  const { name, message, stack = '' } = thrown;
  return { type: name, message: mask(message), stack: mask(stack) };
}

/** What is read, or why it can't be: the stage that needs it fails with that reason. */
async function readOrReason<Value>(lost: AbortSignal, read: () => Promise<Value>): Promise<Value | SwitchyardError> {
  return await insist(lost, read).catch((error: unknown) => {
    if (error instanceof SwitchyardError && !lost.aborted) return error;
    throw error;
  });
}

function outcomeOf({ kind }: StepResult): 'failed' | 'cancelled' | 'timed_out' | 'superseded' | null {
  return kind === 'failed' || kind === 'cancelled' || kind === 'timed_out' || kind === 'superseded' ? kind : null;
}
