import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@switchyard/domain';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Ports } from './ports.ts';

const { first, last } = LIMITS.portRange;
let directory: string;
let now: number;

const open = (random = 0): Promise<Ports> =>
  Ports.open(
    join(directory, 'ports.json'),
    () => now,
    () => random,
  );

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ports-'));
  now = 1_000;
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

it('an instance keeps its port, over restarts of the runner too', async () => {
  const port = await (await open()).reserve('ins_aaaaaa');
  expect(port).toBeGreaterThanOrEqual(first);
  expect(port).toBeLessThanOrEqual(last);
  expect(await (await open(0.5)).reserve('ins_aaaaaa')).toBe(port);
});

it('reservations at the same moment never meet', async () => {
  const ports = await open();
  const reserved = await Promise.all(Array.from({ length: 20 }, (_, index) => ports.reserve(`ins_${index}`)));
  expect(new Set(reserved).size).toBe(20);
});

it('a port that was given back rests, over restarts too, and then may be had again', async () => {
  const port = await (await open()).reserve('ins_aaaaaa');
  await (await open()).release('ins_aaaaaa');
  expect(await (await open()).reserve('ins_bbbbbb')).not.toBe(port);
  now += LIMITS.portQuarantineMs;
  expect(await (await open()).reserve('ins_cccccc')).toBe(port);
});

it('a port can be had again once the file can be written again', async () => {
  const below = join(directory, 'gone');
  const ports = await Ports.open(
    join(below, 'ports.json'),
    () => now,
    () => 0,
  );
  await expect(ports.reserve('ins_aaaaaa')).rejects.toMatchObject({ code: 'ENOENT' });
  await mkdir(below);
  const port = await ports.reserve('ins_aaaaaa');
  await ports.release('ins_bbbbbb');
  expect((await Ports.open(join(below, 'ports.json'), () => now, Math.random)).of('ins_aaaaaa')).toBe(port);
});

it('a port on which somebody else listens is passed over', async () => {
  const port = await (await open()).reserve('ins_aaaaaa');
  await rm(join(directory, 'ports.json'));
  const server = await new Promise<Server>((resolve) => {
    const listening = createServer().listen(port, '127.0.0.1', () => resolve(listening));
  });
  try {
    expect(await (await open()).reserve('ins_bbbbbb')).not.toBe(port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

it('a port that somebody else took while its instance was down is not given to it again', async () => {
  const ports = await open();
  const port = await ports.reserve('ins_aaaaaa');
  const server = await new Promise<Server>((resolve) => {
    const listening = createServer().listen(port, '127.0.0.1', () => resolve(listening));
  });
  try {
    expect(await ports.reserve('ins_aaaaaa')).not.toBe(port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

it('a port on which an instance was found is its own, when the file was lost', async () => {
  const ports = await open();
  await ports.adopt('ins_aaaaaa', 23_456);
  expect(ports.of('ins_aaaaaa')).toBe(23_456);
  await ports.adopt('ins_bbbbbb', 23_456);
  expect(ports.of('ins_bbbbbb')).toBeNull();
});
