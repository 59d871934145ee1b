import { mkdir, mkdtemp, readdir, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeTree } from './file-tree.ts';
import { removeLeftovers } from './leftovers.ts';

test('only what is half made and old is removed', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'leftovers-'));
  const hoursAgo = new Date(Date.now() - 3 * 60 * 60_000);
  for (const name of ['whole', '.making-old', '.making-new']) {
    await mkdir(join(dataDir, 'snapshots', name, 'tree'), { recursive: true });
    if (!name.endsWith('new')) await utimes(join(dataDir, 'snapshots', name), hoursAgo, hoursAgo);
  }
  await removeLeftovers(dataDir, Date.now());
  expect((await readdir(join(dataDir, 'snapshots'))).toSorted()).toEqual(['.making-new', 'whole']);
  await removeTree(dataDir);
});
