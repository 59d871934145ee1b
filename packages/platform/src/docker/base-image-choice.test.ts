import { describe, expect, it } from 'vitest';
import { baseCandidates } from './base-image-choice.ts';

describe('base images for a range of Node', () => {
  it.each([
    ['24', ['node:24-bookworm-slim']],
    ['22.x', ['node:22-bookworm-slim']],
    ['>=20 <23', ['node:22-bookworm-slim', 'node:20-bookworm-slim', 'node:21-bookworm-slim']],
    ['22.11.0', ['node:22-bookworm-slim', 'node:22.11.0-bookworm-slim']],
    ['v20.9.0', ['node:20-bookworm-slim', 'node:20.9.0-bookworm-slim']],
    ['^16', []],
  ])('%s: %j', (wanted, candidates) => {
    expect(baseCandidates(wanted)).toEqual(candidates);
  });

  it('prefers the newest long-term release where anything will do', () => {
    for (const wanted of ['*', 'lts/*', 'latest', '>=18'])
      expect(baseCandidates(wanted)[0], wanted).toBe('node:24-bookworm-slim');
  });
});
