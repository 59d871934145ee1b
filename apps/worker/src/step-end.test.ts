import { type Diagnosis, type Fault, LIMITS, SwitchyardError } from '@switchyard/domain';
import { describe, expect, it } from 'vitest';
import { StageStop, type StopReason } from './stage-stop.ts';
import type { StageFailure } from './stages/stage.ts';
import { decideEnd, type EndQuestion, type StepEnd, stopAfterMs } from './step-end.ts';

const FAILURE: StageFailure = { kind: 'failed', note: 'npm exited', exit: null, command: null, error: null };

function aborted(reason: StopReason | null): AbortSignal {
  const controller = new AbortController();
  if (reason !== null) controller.abort(new StageStop(reason));
  return controller.signal;
}

function ask(end: StepEnd, more: Partial<EndQuestion> = {}, fault: Fault = 'user') {
  return decideEnd({
    end,
    step: 'install',
    signal: aborted(null),
    leave: aborted(null),
    limitMs: 60_000,
    counted: 1,
    jitter: 0,
    diagnose: ({ error }): Diagnosis => ({
      cause: error?.code ?? 'command-failed',
      stage: 'install',
      title: 'The registry answered 429',
      explanation: '',
      fix: '',
      evidence: [],
      details: {},
      fault: error?.fault ?? fault,
      confidence: 1,
    }),
    ...more,
  });
}

describe('the end of a step', () => {
  it('is what the stage answered', () => {
    expect(ask({ outcome: { kind: 'skipped', note: 'no' } })).toEqual({ kind: 'skipped', note: 'no' });
  });

  it('is believed although the stage was asked to stop', () => {
    const signal = aborted('cancel');
    expect(ask({ outcome: { kind: 'succeeded' } }, { signal })).toEqual({ kind: 'succeeded' });
    expect(ask({ outcome: FAILURE }, { signal })).toMatchObject({ kind: 'failed' });
  });

  it('is final for a user’s fault, and another attempt for a transient one while there are any', () => {
    expect(ask({ outcome: FAILURE })).toMatchObject({ kind: 'failed', retryAfterMs: null, note: 'npm exited' });
    const retried = ask({ outcome: FAILURE }, {}, 'transient');
    expect(retried).toMatchObject({
      note: 'Attempt 1 of 4: The registry answered 429',
      retryAfterMs: LIMITS.retryBaseDelayMs / 2,
    });
    expect(ask({ outcome: FAILURE }, { counted: 4 }, 'transient')).toMatchObject({ retryAfterMs: null });
  });

  it.each<[StopReason, unknown]>([
    ['lost', null],
    ['stopping', { kind: 'handed_back' }],
    ['cancel', { kind: 'cancelled' }],
  ])('by %s', (reason, result) => {
    expect(ask({ thrown: new StageStop(reason) })).toEqual(result);
    // Whatever broke while it was being stopped, it broke because of that.
    expect(ask({ thrown: new Error('killed') }, { signal: aborted(reason) })).toEqual(result);
  });

  it('by its time limit is diagnosed', () => {
    expect(ask({ thrown: new StageStop('time-limit') })).toMatchObject({
      kind: 'timed_out',
      limitMs: 60_000,
      diagnosis: { cause: 'stage-timed-out' },
    });
  });

  it('without a lease records nothing, whatever came before', () => {
    const stopped = { signal: aborted('cancel'), leave: aborted('lost') };
    expect(ask({ thrown: new Error('any') }, stopped)).toBeNull();
  });

  it('by something unforeseen is never the user’s fault', () => {
    expect(ask({ thrown: new TypeError('x is undefined') })).toMatchObject({
      kind: 'failed',
      diagnosis: { cause: 'internal', fault: 'platform' },
    });
    expect(ask({ thrown: new SwitchyardError('ref-not-found', 'no') })).toMatchObject({
      retryAfterMs: null,
      diagnosis: { cause: 'ref-not-found' },
    });
  });
});

it('a migration is given longer than its runner gives it, any other stage its limit', () => {
  expect(stopAfterMs('migrate', 60_000)).toBeGreaterThan(60_000);
  expect(stopAfterMs('build', 60_000)).toBe(60_000);
});
