import type { MemoryUse, ObservedInstance, Plan, StageName, SwitchyardError } from '@switchyard/domain';

/** Everything that is known of a failed attempt. */
export interface Failure {
  readonly stage: StageName;
  /** How the command ended; null where none ran or none ended. */
  readonly exit: { readonly code: number | null; readonly signal: string | null } | null;
  /** Head and tail of the attempt's output, as it was printed: ANSI codes, carriage returns and all. */
  readonly output: string;
  /** What the stage itself ran into, where it was not a command that failed. */
  readonly error: SwitchyardError | null;
  readonly command: string | null;
  readonly context: FailureContext;
}

/** What output alone can't tell. Grows; every field is optional. */
export interface FailureContext {
  readonly plan?: Plan | null;
  /** What was seen of the memory of what failed; absent where nothing was. */
  readonly memory?: MemoryUse;
  /** The port that the instance was told to listen on. */
  readonly port?: number;
  readonly health?: ObservedInstance['health'];
  readonly lastExit?: ObservedInstance['lastExit'];
  readonly restarts?: number;
  /** Where the app was seen to listen. */
  readonly listening?: readonly { readonly host: string; readonly port: number }[];
  readonly timeLimitMs?: number;
  /** Names of the app's variables, by where they are set. */
  readonly variables?: { readonly build: readonly string[]; readonly run: readonly string[] };
  /** Names in the app's manifest. */
  readonly dependencies?: { readonly dependencies: readonly string[]; readonly devDependencies: readonly string[] };
  /** Paths of the files in what was deployed, from the app's directory. */
  readonly files?: readonly string[];
}
