import { appendFile, mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { limitOutput, readOutput } from './instance-output.ts';

const LIMIT = 256 * 1024;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'output-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const append = (text: string) => appendFile(join(directory, 'output'), text);

test('nothing written is nothing read', async () => {
  expect(await readOutput(directory, 0, 10)).toEqual({ bytes: Buffer.alloc(0), next: 0 });
});

test('what is over the limit goes from the oldest on, and offsets stay what they were', async () => {
  const lines = Array.from({ length: 60_000 }, (_, index) => `${String(index).padStart(8, '0')}\n`);
  await append(lines.join(''));
  await limitOutput(directory, LIMIT);
  const end = lines.length * 9;
  const oldest = await readOutput(directory, 0, 1024 * 1024);
  expect(oldest.next).toBe(end);
  expect(oldest.bytes.length).toBeLessThanOrEqual(LIMIT);
  expect(oldest.bytes.length).toBeGreaterThan(LIMIT / 2 - 1);
  expect(oldest.bytes.toString().endsWith(lines.slice(-1000).join(''))).toBe(true);
  expect((await readOutput(directory, end - 9, 100)).bytes.toString()).toBe(lines.at(-1));
  await append('more\n');
  expect(await readOutput(directory, end, 100)).toEqual({ bytes: Buffer.from('more\n'), next: end + 5 });
  // The blocks are given back.
  expect((await stat(join(directory, 'output'))).blocks * 512).toBeLessThanOrEqual(LIMIT);
});

test('it is limited again and again', async () => {
  for (let round = 0; round < 5; round += 1) {
    await append('x'.repeat(LIMIT));
    await limitOutput(directory, LIMIT);
    await append('y');
  }
  const { bytes, next } = await readOutput(directory, 0, 10 * LIMIT);
  expect(next).toBe(5 * LIMIT + 5);
  expect(bytes.length).toBeLessThanOrEqual(LIMIT + 1);
  expect(bytes.at(-1)).toBe('y'.charCodeAt(0));
});

test('within the limit nothing goes', async () => {
  await append('short');
  await limitOutput(directory, LIMIT);
  expect((await readOutput(directory, 0, 100)).bytes.toString()).toBe('short');
});

test('an app that cuts its own output is read on from what it wrote since', async () => {
  await append('before');
  await truncate(join(directory, 'output'), 0);
  await append('new');
  expect((await readOutput(directory, 6, 100)).bytes.toString()).toBe('new');
});
