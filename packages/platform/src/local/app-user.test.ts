import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppId } from '@switchyard/domain';
import { LIMITS } from '@switchyard/domain';
import { expect, test } from 'vitest';
import { isMapped, openAppUsers, wishedUid } from './app-user.ts';
import { removeTree } from './file-tree.ts';

const { first, last } = LIMITS.appUserIds;

/** Two apps that would like to have one number. */
function rivals(): [AppId, AppId] {
  const seen = new Map<number, AppId>();
  for (let index = 0; ; index += 1) {
    const app: AppId = `app_rival${index}`;
    const other = seen.get(wishedUid(app));
    if (other !== undefined) return [other, app];
    seen.set(wishedUid(app), app);
  }
}

test('an app keeps its number, also when two processes give numbers out at once', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'users-'));
  const [one, other] = rivals();
  const given = await Promise.all(
    [one, other, one, other].map(async (app) => (await openAppUsers(directory).userOf(app)).uid),
  );
  expect(given[0]).toBe(given[2]);
  expect(given[1]).toBe(given[3]);
  expect(given[0]).not.toBe(given[1]);
  for (const uid of given) expect(uid >= first && uid <= last).toBe(true);
  expect((await openAppUsers(directory).userOf(other)).uid).toBe(given[1]);
  expect(await readdir(directory)).toHaveLength(2);
  await removeTree(directory);
});

test('a container with a few user ids has none for apps', () => {
  expect(isMapped('         0          0 4294967295\n', first, last)).toBe(true);
  expect(isMapped('0 100000 65536\n', first, last)).toBe(false);
  expect(isMapped('0 1000 1\n1 100000 2000000000\n', first, last)).toBe(true);
  expect(isMapped('', first, last)).toBe(false);
});
