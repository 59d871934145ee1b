import { SwitchyardError } from '@switchyard/domain';
import { describe, expect, it } from 'vitest';
import { StageStop } from './stage-stop.ts';
import { insist, waitUntil } from './waiting.ts';

const clock = (): number => Date.now();
const noHint = () => () => undefined;
const away = (): Promise<never> => Promise.reject(new SwitchyardError('redis-unavailable', 'away'));

describe('waiting', () => {
  it('ends at the hint that follows a change, and takes its listener off', async () => {
    const listeners = new Set<() => void>();
    let there: string | null = null;
    const waiting = waitUntil(() => Promise.resolve(there), {
      onHint: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      until: null,
      signal: null,
      clock,
      pollMs: 60_000,
    });
    await expect.poll(() => listeners.size).toBe(1);
    for (const hint of listeners) hint();
    there = 'there';
    for (const hint of listeners) hint();
    expect(await waiting).toBe('there');
    expect(listeners.size).toBe(0);
  });

  it('looks again although no hint came, waits out a Redis that is away, and ends at its time', async () => {
    let looks = 0;
    const look = async (): Promise<number | null> => {
      looks += 1;
      if (looks === 2) return await away();
      return looks > 2 ? looks : null;
    };
    const options = { onHint: noHint, signal: null, clock, pollMs: 5 };
    expect(await waitUntil(look, { ...options, until: null })).toBe(3);
    expect(await waitUntil(() => Promise.resolve(null), { ...options, until: Date.now() + 20 })).toBeNull();
  });

  it('throws why it was stopped', async () => {
    const controller = new AbortController();
    const waiting = waitUntil(() => Promise.resolve(null), {
      onHint: noHint,
      until: null,
      signal: controller.signal,
      clock,
    });
    controller.abort(new StageStop('cancel'));
    await expect(waiting).rejects.toMatchObject({ reason: 'cancel' });
  });

  it('does not hide what is wrong', async () => {
    const look = (): Promise<null> => Promise.reject(new SwitchyardError('record-unreadable', 'no'));
    const options = { onHint: noHint, until: null, signal: null, clock };
    await expect(waitUntil(look, options)).rejects.toMatchObject({ code: 'record-unreadable' });
  });
});

describe('insisting', () => {
  it('goes on until Redis is back', async () => {
    let tries = 0;
    const { signal } = new AbortController();
    const act = (): Promise<string> => ((tries += 1) < 3 ? away() : Promise.resolve('done'));
    expect(await insist(signal, act)).toBe('done');
    expect(tries).toBe(3);
  });

  it('does nothing when it is stopped before', async () => {
    let acts = 0;
    const act = (): Promise<number> => Promise.resolve((acts += 1));
    await expect(insist(AbortSignal.abort(new StageStop('lost')), act)).rejects.toMatchObject({ reason: 'lost' });
    expect(acts).toBe(0);
  });

  it('ends when it is stopped, and at any other fault', async () => {
    const controller = new AbortController();
    const insisting = insist(controller.signal, away);
    controller.abort(new StageStop('lost'));
    await expect(insisting).rejects.toMatchObject({ reason: 'lost' });
    const refused = (): Promise<never> => Promise.reject(new Error('refused'));
    await expect(insist(new AbortController().signal, refused)).rejects.toThrow('refused');
  });
});
