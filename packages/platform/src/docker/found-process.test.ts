import { describe, expect, it } from 'vitest';
import { foundProcess, type InspectedProcess } from './found-process.ts';

const NEVER = '0001-01-01T00:00:00Z';

function inspected(state: Partial<InspectedProcess['State']>, labels: Record<string, string> = {}): InspectedProcess {
  return {
    Created: '2026-11-24T12:00:00.000000000Z',
    Config: {
      Labels: {
        'dev.switchyard.process': 'ins_aaaaaa',
        'dev.switchyard.epoch': '3',
        'dev.switchyard.port': '8080',
        ...labels,
      },
    },
    NetworkSettings: { Networks: { apps: { IPAddress: '172.18.0.5' } } },
    State: {
      Status: 'running',
      Running: true,
      Paused: false,
      Pid: 4711,
      ExitCode: 0,
      OOMKilled: false,
      StartedAt: '2026-11-24T12:00:01.500000000Z',
      FinishedAt: NEVER,
      ...state,
    },
  };
}

const exited = (code: number, finishedAt: string): Partial<InspectedProcess['State']> => ({
  Status: 'exited',
  Running: false,
  Pid: 0,
  ExitCode: code,
  FinishedAt: finishedAt,
});

describe('a container, in the platform’s words', () => {
  it('runs, and is reached at its own address on the port that it was told', () => {
    expect(foundProcess(inspected({}))).toEqual({
      id: 'ins_aaaaaa',
      epoch: 3,
      state: 'running',
      exit: null,
      timedOut: false,
      peakMemoryBytes: null,
      outOfMemory: false,
      pid: 4711,
      startedAt: Date.parse('2026-11-24T12:00:01.500Z'),
      address: { host: '172.18.0.5', port: 8080 },
    });
  });

  it('has ended, with a code or by a signal', () => {
    const end = (code: number) => foundProcess(inspected(exited(code, '2026-11-24T12:00:09Z')));
    expect(end(7)).toMatchObject({ state: 'exited', exit: { code: 7, signal: null }, pid: null, address: null });
    expect(end(137)).toMatchObject({ exit: { code: null, signal: 'SIGKILL' }, timedOut: false });
  });

  it('has timed out when it took as long as its limit, and not when it ended before', () => {
    const labels = { 'dev.switchyard.process': 'run_aaaaaa', 'dev.switchyard.time-limit-ms': '5000' };
    const timedOut = (finishedAt: string) => foundProcess(inspected(exited(143, finishedAt), labels))?.timedOut;
    expect(timedOut('2026-11-24T12:00:06.500Z')).toBe(true);
    expect(timedOut('2026-11-24T12:00:06.499Z')).toBe(false);
  });

  it('that was made and never started has ended without an exit', () => {
    const made = { Status: 'created', Running: false, Pid: 0, StartedAt: NEVER } as const;
    expect(foundProcess(inspected(made))).toMatchObject({
      state: 'exited',
      exit: null,
      startedAt: Date.parse('2026-11-24T12:00:00Z'),
    });
  });

  it('is none of ours without an id of ours', () => {
    expect(foundProcess(inspected({}, { 'dev.switchyard.process': 'x' }))).toBeNull();
  });
});
