import { expect, it } from 'vitest';
import { AttemptMemory, memoryLine } from './attempt-memory.ts';

const MIB = 1024 ** 2;
const use = (peak: number | null, outOfMemory = false) => ({
  peakMemoryBytes: peak === null ? null : peak * MIB,
  outOfMemory,
  memoryLimitBytes: 4096 * MIB,
});

it('keeps the command that took most, and that one ran out of memory', () => {
  const memory = new AttemptMemory();
  expect(memory.most).toBeNull();
  for (const one of [use(10), use(412), use(null, true), use(20)]) memory.see(one);
  expect(memory.most).toEqual(use(412, true));
});

it.each([
  [use(412), 'Peak memory 412 MiB of 4 GiB.'],
  [use(null), null],
  [use(null, true), 'Out of memory: a process was killed at the limit of 4 GiB.'],
  [use(4096, true), 'Out of memory: a process was killed at the limit of 4 GiB. Peak memory 4 GiB of 4 GiB.'],
])('is said as %j → %s', (one, line) => {
  expect(memoryLine(one)).toBe(line);
});
