import { type Diagnosis, decideRetry, LIMITS, type StepName, SwitchyardError, stageOf } from '@switchyard/domain';
import type { StepResult } from '@switchyard/queue';
import { StageStop, stopReasonOf } from './stage-stop.ts';
import type { StageFailure, StageOutcome } from './stages/stage.ts';

/** A migration is ended by its runner at the stage's limit; the stage waits a little longer, to hear how. */
const MIGRATION_END_SLACK_MS = 30_000;

/** When a step is stopped for taking too long. */
export function stopAfterMs(step: StepName, limitMs: number): number {
  return limitMs + (step === 'migrate' ? MIGRATION_END_SLACK_MS : 0);
}

/** How a stage's work ended: with an answer, or with something thrown. */
export type StepEnd = { readonly outcome: StageOutcome } | { readonly thrown: unknown };

export interface EndQuestion {
  readonly end: StepEnd;
  readonly step: StepName;
  readonly signal: AbortSignal;
  readonly leave: AbortSignal;
  readonly limitMs: number;
  /** Attempts that count, this one included. */
  readonly counted: number;
  readonly jitter: number;
  readonly diagnose: (failure: StageFailure) => Diagnosis;
}

/** What has gone wrong where nothing of the catalogue was thrown: a mistake of ours, never the user's. */
function asFailure(thrown: unknown): StageFailure {
  const error =
    thrown instanceof SwitchyardError
      ? thrown
      : new SwitchyardError('internal', `Switchyard made a mistake: ${messageOf(thrown)}`, {}, thrown);
  return { kind: 'failed', note: error.message, exit: null, command: null, error };
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function failed(failure: StageFailure, question: EndQuestion): StepResult {
  const { step, counted, jitter, diagnose } = question;
  const diagnosis = diagnose(failure);
  const answer = decideRetry({ step, fault: diagnosis.fault, attempts: counted, jitter });
  const hold = failure.hold === undefined ? {} : { hold: failure.hold };
  if (!answer.retry) return { kind: 'failed', diagnosis, note: failure.note, retryAfterMs: null, ...hold };
  return {
    kind: 'failed',
    diagnosis,
    note: `Attempt ${counted} of ${answer.of}: ${diagnosis.cause === 'unknown' ? failure.note : diagnosis.title}`,
    retryAfterMs: answer.delayMs,
    ...hold,
  };
}

/**
 * What is recorded. A stage that came to an answer is believed, also when it was asked to stop meanwhile; whatever it threw after that
 * is because of the stop. Null: nothing may be recorded, another worker may have the stage.
 */
export function decideEnd(question: EndQuestion): StepResult | null {
  const { end, step, signal, leave, limitMs, diagnose } = question;
  if ('outcome' in end) return end.outcome.kind === 'failed' ? failed(end.outcome, question) : end.outcome;
  const { thrown } = end;
  const reason = thrown instanceof StageStop ? thrown.reason : (stopReasonOf(leave) ?? stopReasonOf(signal));
  switch (reason) {
    case 'lost':
      return null;
    case 'stopping':
      return { kind: 'handed_back' };
    case 'cancel':
      return { kind: 'cancelled' };
    case 'time-limit': {
      const limit = `${Math.round(limitMs / 1_000)} s`;
      const stage = stageOf(step);
      const setBy = limitMs < LIMITS.stageTimeLimitMs[stage] ? `, \`timeLimitsMs.${stage}\` in its settings` : '';
      const hold = thrown instanceof StageStop ? thrown.hold : null;
      const message = `It took longer than its limit of ${limit}${setBy}.${hold === null ? '' : ` ${hold.advice}`}`;
      const error = new SwitchyardError('stage-timed-out', message, { limitMs });
      return {
        kind: 'timed_out',
        limitMs,
        ...(hold === null ? {} : { hold: hold.reason }),
        diagnosis: diagnose({
          kind: 'failed',
          note: message,
          exit: null,
          command: null,
          error,
          context: { timeLimitMs: limitMs },
        }),
      };
    }
    case null:
      return failed(asFailure(thrown), question);
  }
}
