import { LIMITS, SwitchyardError } from '@switchyard/domain';
import type { BeatAnswer, Lease } from '@switchyard/queue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LeaseKeeper } from './lease-keeper.ts';

const LEASE: Lease = { deploymentId: 'dep_aaaaaa', step: 'build', token: 1, processId: 'proc_aaaaaa' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A Redis that answers, or is away. */
function keep(answer: () => BeatAnswer | 'away') {
  const heard = { beats: 0, cancels: 0 };
  const keeper = new LeaseKeeper({
    chain: {
      beat: () => {
        heard.beats += 1;
        const now = answer();
        return now === 'away' ? Promise.reject(new SwitchyardError('redis-unavailable', '')) : Promise.resolve(now);
      },
    },
    lease: LEASE,
    clock: () => Date.now(),
    since: Date.now(),
    onCancel: () => {
      heard.cancels += 1;
    },
  });
  return { keeper, heard };
}

describe('a lease', () => {
  it('is kept by beats for as long as the step runs', async () => {
    const { keeper, heard } = keep(() => 'kept');
    await vi.advanceTimersByTimeAsync(LIMITS.leaseMs * 10);
    expect(keeper.lost.aborted).toBe(false);
    expect(heard.beats).toBe((LIMITS.leaseMs * 10) / LIMITS.beatMs);
    keeper.release();
    await vi.advanceTimersByTimeAsync(LIMITS.leaseMs * 2);
    expect(keeper.lost.aborted).toBe(false);
  });

  it('outlives a Redis that is away for less than its time', async () => {
    let away = true;
    const { keeper } = keep(() => (away ? 'away' : 'kept'));
    await vi.advanceTimersByTimeAsync(LIMITS.leaseMs - 1);
    expect(keeper.lost.aborted).toBe(false);
    away = false;
    keeper.release();
  });

  it('is lost by its own clock when Redis stays away', async () => {
    const { keeper } = keep(() => 'away');
    await vi.advanceTimersByTimeAsync(LIMITS.leaseMs);
    expect(keeper.lost.aborted).toBe(true);
  });

  it('counts from the last beat that was heard', async () => {
    let beats = 0;
    const { keeper } = keep(() => ((beats += 1) === 1 ? 'kept' : 'away'));
    await vi.advanceTimersByTimeAsync(LIMITS.beatMs + LIMITS.leaseMs - 1);
    expect(keeper.lost.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(keeper.lost.aborted).toBe(true);
  });

  it('tells of a cancel and goes on; tells of its loss and ends', async () => {
    let answer: BeatAnswer = 'cancel';
    const { keeper, heard } = keep(() => answer);
    await vi.advanceTimersByTimeAsync(LIMITS.beatMs);
    expect([heard.cancels, keeper.lost.aborted]).toEqual([1, false]);
    answer = 'lost';
    await vi.advanceTimersByTimeAsync(LIMITS.beatMs * 3);
    expect([heard.beats, keeper.lost.aborted]).toEqual([2, true]);
  });
});
