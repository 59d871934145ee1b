import type { AppView } from '@switchyard/client';
import { expect, test } from 'vitest';
import { rollbackTarget } from './deployment-actions.tsx';

const release = (number: number) =>
  ({
    releaseId: `rel_release${number}`,
    deploymentId: `dep_deploy${number}`,
    number,
    commit: null,
    pinned: false,
    liveAt: number,
  }) as const;
const app = (live: number | null, kept: readonly number[]): Pick<AppView, 'live' | 'releases'> => ({
  live: live === null ? null : { ...release(live), weight: 100 },
  releases: kept.map(release),
});

test('from the live deployment one goes back to the one before it', () => {
  expect(rollbackTarget({ id: 'dep_deploy5' }, app(5, [5, 4, 2]))).toMatchObject({ number: 4, isBack: true });
});

test('an earlier deployment becomes live itself while its release is kept', () => {
  expect(rollbackTarget({ id: 'dep_deploy2' }, app(5, [5, 4, 2]))).toMatchObject({ number: 2, isBack: false });
  expect(rollbackTarget({ id: 'dep_deploy1' }, app(5, [5, 4, 2]))).toBeNull();
});

test('there is nowhere to go with a single release or with nothing live', () => {
  expect(rollbackTarget({ id: 'dep_deploy5' }, app(5, [5]))).toBeNull();
  expect(rollbackTarget({ id: 'dep_deploy5' }, app(null, []))).toBeNull();
});
