import { isDeepStrictEqual } from 'node:util';
import { SnapshotRef } from '@switchyard/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Inputs, snapshotKey, whyMissed } from './cache-key.ts';

const inputs = fc.dictionary(fc.string({ maxLength: 8 }), fc.option(fc.string({ maxLength: 8 })), {
  maxKeys: 6,
  noNullPrototype: true,
});

describe('a snapshot’s name', () => {
  it('is the same for the same inputs in any order, and valid', () => {
    fc.assert(
      fc.property(inputs, (some) => {
        const turned = Object.fromEntries(Object.entries(some).reverse());
        expect(snapshotKey('dep', turned)).toBe(snapshotKey('dep', some));
        expect(SnapshotRef.shape.key.safeParse(snapshotKey('dep', some)).success).toBe(true);
      }),
    );
  });

  it('differs when any input differs', () => {
    fc.assert(
      fc.property(inputs, inputs, (one, other) => {
        expect(snapshotKey('bld', one) === snapshotKey('bld', other)).toBe(isDeepStrictEqual(one, other));
      }),
    );
  });
});

describe('a miss', () => {
  const last: Inputs = { 'package.json': 'a', 'package-lock.json': 'b', '.npmrc': null, toolchain: 'node 24' };

  it.each<[string, Inputs | null, Inputs]>([
    ['this is the first time', null, last],
    ['package-lock.json changed', last, { ...last, 'package-lock.json': 'c' }],
    ['package.json and package-lock.json changed', last, { ...last, 'package.json': 'x', 'package-lock.json': 'c' }],
    ['.npmrc is new', last, { ...last, '.npmrc': 'c' }],
    ['toolchain changed; .npmrc is new', last, { ...last, toolchain: 'node 26', '.npmrc': 'c' }],
    ['package-lock.json is gone', last, { ...last, 'package-lock.json': null }],
    ['package.json, package-lock.json, .npmrc and toolchain are gone', { ...last, '.npmrc': 'x' }, {}],
    ['the earlier result is not kept any more', last, last],
  ])('says: %s', (because, before, now) => {
    expect(whyMissed(before, now)).toBe(because);
  });
});
