import type { ObservedInstance } from '@switchyard/domain';
import { describe, expect, it } from 'vitest';
import { judgeHealth } from './health-verdict.ts';

const OBSERVED: ObservedInstance = {
  v: 1,
  id: 'ins_aaaaaa',
  hostId: 'host_aaaaaa',
  deploymentId: 'dep_aaaaaa',
  state: 'starting',
  address: null,
  pid: 1,
  startedAt: 0,
  restarts: 0,
  lastExit: null,
  health: null,
  outputTail: [],
  at: 0,
};
const EXIT = { code: 1, signal: null, at: 0, memory: null };
const health = (more: Partial<NonNullable<ObservedInstance['health']>>): ObservedInstance['health'] => ({
  failure: null,
  path: null,
  status: null,
  message: 'it answers',
  checkedAt: 0,
  ...more,
});

const judge = (more: Partial<ObservedInstance> | null, now = 1_000) =>
  judgeHealth({ observed: more === null ? null : { ...OBSERVED, ...more }, now, since: 0, timeLimitMs: 60_000 });

describe('a new instance', () => {
  it('is waited for while it starts, and after its first crashes', () => {
    expect(judge(null)).toEqual({ verdict: 'wait' });
    expect(judge({})).toEqual({ verdict: 'wait' });
    expect(judge({ state: 'backoff', restarts: 2, lastExit: EXIT })).toEqual({ verdict: 'wait' });
    expect(judge({ health: health({ failure: 'error-status' }) })).toEqual({ verdict: 'wait' });
  });

  it('is healthy when its runner says so, and it is told what answered', () => {
    const well = judge({ state: 'healthy', health: health({ path: '/health', status: 200 }) }, 412);
    expect(well).toEqual({ verdict: 'healthy', note: 'Healthy after 412 ms: /health answered 200.' });
  });

  it('that exits again and again has failed before its time is over', () => {
    expect(judge({ state: 'backoff', restarts: 3, lastExit: EXIT })).toEqual({
      verdict: 'failed',
      failure: 'exited',
      note: 'The app exited with 1, 3 times in a row.',
    });
  });

  it.each<[string, Partial<ObservedInstance> | null, string]>([
    ['not-started', null, 'No runner started the app within 60 s.'],
    ['nothing-listens', {}, 'Not healthy within 60 s: it does not listen on its port.'],
    [
      'error-status',
      { health: health({ failure: 'error-status', message: '/health answered 500' }) },
      'Not healthy within 60 s: /health answered 500.',
    ],
    [
      'nothing-listens',
      { health: health({ failure: 'nothing-listens', message: 'Nothing listens yet; PORT is 22002.' }) },
      'Not healthy within 60 s: Nothing listens yet; PORT is 22002.',
    ],
    ['exited', { lastExit: { ...EXIT, code: null, signal: 'SIGKILL' }, restarts: 1 }, 'The app was ended by SIGKILL.'],
  ])('whose time is over has failed: %s', (failure, observed, note) => {
    expect(judge(observed, 60_000)).toEqual({ verdict: 'failed', failure, note });
  });
});
