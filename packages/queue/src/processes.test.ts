import { LIMITS, type ProcessOrder } from '@switchyard/domain';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
// @boundaries-ignore what tests of several packages share
import { ChainWalk } from '../../../tests/harness/chain-walk.ts';

const SELF = {
  id: 'proc_selfaaaa',
  kind: 'worker',
  hostId: 'host_aaaaaa',
  pid: 1,
  version: '0.1.0',
  metrics: null,
  startedAt: 0,
} as const;

let walk: ChainWalk;
beforeEach(async () => {
  walk = await ChainWalk.open(inject('redisUrl'));
});
afterEach(() => walk.close());

it('an order is heard at once, with every beat again, and the strongest of several is the one', async () => {
  const { processes } = walk.store;
  const heard: ProcessOrder[] = [];
  const member = await processes.join(SELF, { onOrder: (order) => void heard.push(order) });
  expect(await processes.tell(SELF.id, { order: 'drain', deadlineMs: 5 })).toMatchObject({
    id: SELF.id,
    state: 'working',
  });
  await expect.poll(() => heard.at(-1)).toEqual({ order: 'drain', deadlineMs: 5 });
  await processes.tell(SELF.id, { order: 'quiet' });
  const before = heard.length;
  member.say();
  await expect.poll(() => heard.length).toBeGreaterThan(before);
  expect(heard.filter(({ order }) => order !== 'drain')).toEqual([]);
  await member.leave();
});

it('an order that is left before the process listens is heard with its first beat', async () => {
  const { processes } = walk.store;
  const first = await processes.join(SELF);
  await processes.tell(SELF.id, { order: 'quiet' });
  const heard: ProcessOrder[] = [];
  const second = await processes.join(SELF, { onOrder: (order) => void heard.push(order) });
  expect(heard).toEqual([{ order: 'quiet' }]);
  await first.leave();
  await second.leave();
});

it('a process says what it is about, and goes with its orders', async () => {
  const { processes } = walk.store;
  const member = await processes.join(SELF, { report: () => ({ state: 'quiet', inHand: 3 }) });
  expect(await processes.alive('worker')).toMatchObject([{ state: 'quiet', inHand: 3 }]);
  await processes.tell(SELF.id, { order: 'kill' });
  await member.leave();
  expect(await processes.alive('worker')).toEqual([]);
  expect(await processes.tell(SELF.id, { order: 'quiet' })).toBeNull();
  const heard: ProcessOrder[] = [];
  const next = await processes.join(SELF, { onOrder: (order) => void heard.push(order) });
  expect(heard).toEqual([]);
  await next.leave();
});

it('one that went without a goodbye can’t be told', async () => {
  const { processes } = walk.store;
  const member = await processes.join(SELF);
  walk.wait(LIMITS.processGoneMs + 1);
  expect(await processes.tell(SELF.id, { order: 'drain', deadlineMs: null })).toBeNull();
  await member.leave();
});

it('who resigns leads nothing any more, and another goes on at once', async () => {
  const { processes, chain } = walk.store;
  expect(await processes.lead('heads', 'proc_firstaaa', 60_000)).toBe(true);
  expect(await chain.sweep('proc_firstaaa')).not.toBeNull();
  await processes.resign('proc_seconda');
  expect(await processes.lead('heads', 'proc_seconda', 60_000)).toBe(false);
  await processes.resign('proc_firstaaa');
  expect(await processes.lead('heads', 'proc_seconda', 60_000)).toBe(true);
  expect(await chain.sweep('proc_seconda')).not.toBeNull();
});
