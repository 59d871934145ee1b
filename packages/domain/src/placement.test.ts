import { expect, it } from 'vitest';
import { hostOf, onHost, Placement, queueFor } from './placement.ts';

it('work that is bound to no host goes to its stage’s pool', () => {
  expect(queueFor('pin', 'any')).toBe('light');
  expect(queueFor('install', 'any')).toBe('heavy');
  expect(queueFor('build', 'any')).toBe('heavy');
  expect(queueFor('switch', 'any')).toBe('light');
});

it('work that is bound to a host goes to that host’s queue, whose name BullMQ accepts', () => {
  const placement = onHost('host_abcdef');
  expect(hostOf(placement)).toBe('host_abcdef');
  expect(queueFor('build', placement)).toBe('host-host_abcdef');
  expect(queueFor('build', placement)).not.toContain(':');
});

it('a placement is `any` or a host, nothing else', () => {
  expect(Placement.safeParse('any').success).toBe(true);
  expect(Placement.safeParse('host:host_abcdef').success).toBe(true);
  for (const wrong of ['', 'host:', 'host:x', 'pool:light', 'any '])
    expect(Placement.safeParse(wrong).success, wrong).toBe(false);
});
