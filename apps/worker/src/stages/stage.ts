import type { FailureContext } from '@switchyard/diagnose';
import type {
  App,
  Clock,
  Deployment,
  Environment,
  Farm,
  HostId,
  Ids,
  Plan,
  ResourceMaxima,
  SnapshotRef,
  SourceCredential,
  SwitchyardError,
} from '@switchyard/domain';
import type { AttemptRef, Exit, RunnerPlatform, Sources, Uploads, WorkerPlatform } from '@switchyard/platform';
import type { Lease, StepResult, Store } from '@switchyard/queue';
import type { Blobs } from '@switchyard/service';
import type { AttemptMemory } from '../attempt-memory.ts';
import type { AttemptVariables } from '../attempt-variables.ts';
import type { DiskKeeper } from '../disk-keeper.ts';
import type { OwnPoint } from '../fault-points.ts';
import type { LogSink } from '../log-sink.ts';

/** What a stage may use. A stage reads records, does its work, and answers how it ended; it never finishes itself. */
export interface StageContext {
  readonly deployment: Deployment;
  readonly app: App;
  readonly environment: Environment;
  readonly farm: Pick<Farm, 'id' | 'epoch'>;
  readonly hostId: HostId;
  readonly lease: Lease;
  /** Names this attempt's workspaces. */
  readonly attempt: AttemptRef;
  readonly timeLimitMs: number;
  /** What the operator grants commands and apps at most. */
  readonly maxima: ResourceMaxima;
  /** Hears what the attempt's commands took. */
  readonly memory: Pick<AttemptMemory, 'see'>;
  readonly platform: WorkerPlatform;
  /** Output of a one-off on this host. */
  readonly readOutput: RunnerPlatform['readOutput'];
  readonly sources: Sources;
  readonly uploads: Uploads;
  readonly records: Pick<
    Store,
    | 'claims'
    | 'databases'
    | 'deployments'
    | 'settings'
    | 'releases'
    | 'instances'
    | 'oneOffs'
    | 'routing'
    | 'processes'
    | 'uploads'
  > & {
    readonly chain: Pick<Store['chain'], 'beat' | 'moveRoute'>;
  };
  readonly disk: Pick<DiskKeeper, 'ensureRoom'>;
  readonly blobs: Blobs;
  readonly variables: AttemptVariables;
  /** Of the app's repository, for the steps that ask its host. Throws `source-credential-unreadable`. */
  readonly sourceCredential: () => SourceCredential | null;
  readonly dataDirectory: string;
  /** Where visitors reach the environment. */
  readonly url: string;
  readonly log: Pick<LogSink, 'output' | 'say'>;
  /** Its reason is a `StageStop`. A stage that ends because of it throws that reason, once its processes are gone. */
  readonly signal: AbortSignal;
  /** Aborted with `lost` and `stopping` only, also after another reason: another worker goes on, so leave everything as it is. */
  readonly leave: AbortSignal;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Marks a place inside the stage, for tests that kill the worker there. */
  readonly faultPoint: (point: OwnPoint) => void;
}

/** What happened when the work itself went wrong. The diagnosis is made from it and from the attempt's output. */
export interface StageFailure {
  readonly kind: 'failed';
  /** One sentence for people. */
  readonly note: string;
  readonly exit: Exit | null;
  readonly command: string | null;
  readonly error: SwitchyardError | null;
  /** What else is known of it; the plan is added. */
  readonly context?: FailureContext;
  /** Puts the environment on hold, and why. */
  readonly hold?: string;
}

export type StageOutcome =
  | Extract<StepResult, { kind: 'succeeded' | 'skipped' | 'superseded' | 'awaits' | 'awaits_database' }>
  | StageFailure;

export type Stage = (context: StageContext) => Promise<StageOutcome>;

/** Something that an earlier stage has to have left behind; its absence is a fault of ours. */
export function required<Value>(value: Value | null | undefined, what: string): Value {
  if (value === null || value === undefined) throw new Error(`the deployment has no ${what} at this stage`);
  return value;
}

export function planOf({ deployment }: StageContext): Plan {
  return required(deployment.plan, 'plan');
}

/** The tree that is started: what the build made, or the source where there was nothing to build. */
export function builtTree({ deployment }: StageContext): SnapshotRef {
  return required(deployment.artifacts.build ?? deployment.artifacts.source, 'built tree');
}
