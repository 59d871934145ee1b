import { describe, expect, it } from 'vitest';
import { baseOf, entryOf, type LogEntry, markBefore, sinceOf } from './container-log.ts';

describe('the time of a log entry', () => {
  it('is given back to the engine to the nanosecond, which a number could not hold', () => {
    expect(sinceOf('2026-11-24T12:15:52.735739755Z')).toBe('1795522552.735739755');
    expect(sinceOf('2026-11-24T12:15:52.000000001Z')).toBe('1795522552.000000001');
    expect(sinceOf('2026-11-24T12:15:52.5Z')).toBe('1795522552.500000000');
    expect(sinceOf('2026-11-24T12:15:52Z')).toBe('1795522552.000000000');
  });

  it('is in front of what was written, which may begin with anything', () => {
    const { payload } = entryOf(Buffer.from('2026-11-24T12:15:52.735739755Z  two spaces\n'));
    expect(payload.toString()).toBe(' two spaces\n');
  });
});

describe('offsets into entries', () => {
  const entry = (time: string, text: string): LogEntry => ({ time, payload: Buffer.from(text) });
  const entries = [entry('1.0', 'one\n'), entry('2.0', 'two\n'), entry('2.0', 'deux\n'), entry('3.0', 'three\n')];

  it('count from the first entry that was ever seen', () => {
    expect(baseOf(entries, null, 0)).toBe(0);
    expect(baseOf(entries, { offset: 104, time: '2.0' }, 110)).toBe(100);
  });

  it('go on where the reader is when the marked entry has been rotated away', () => {
    expect(baseOf(entries, { offset: 40, time: '0.5' }, 57)).toBe(57);
  });

  it('are marked at the first entry of a time, since the engine gives all of a time again', () => {
    expect(markBefore(100, entries, 100)).toEqual({ offset: 100, time: '1.0' });
    expect(markBefore(110, entries, 100)).toEqual({ offset: 104, time: '2.0' });
    expect(markBefore(119, entries, 100)).toEqual({ offset: 113, time: '3.0' });
    expect(markBefore(5, [], 5)).toBeNull();
  });
});
