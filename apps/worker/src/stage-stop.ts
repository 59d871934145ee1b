/**
 * Why a stage is asked to end before it is done. `cancel`: the deployment is to be cancelled. `lost`: another worker may have the stage.
 * `time-limit`: it took too long. `stopping`: this worker is being stopped, another goes on.
 */
export type StopReason = 'cancel' | 'lost' | 'time-limit' | 'stopping';

/** The reason of a stage's `AbortSignal`, and what a stage throws when it has ended because of it. */
export class StageStop extends Error {
  readonly reason: StopReason;
  /** Where its end leaves something that a person has to look at before anything else passes the gate. */
  readonly hold: { readonly reason: string; readonly advice: string } | null;

  constructor(reason: StopReason, hold: StageStop['hold'] = null) {
    super(`the stage was stopped: ${reason}`);
    this.name = 'StageStop';
    this.reason = reason;
    this.hold = hold;
  }
}

export function stopReasonOf(signal: AbortSignal): StopReason | null {
  if (!signal.aborted) return null;
  return signal.reason instanceof StageStop ? signal.reason.reason : 'stopping';
}
