import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '../local/file-tree.ts';
import type { Platform, PlatformOptions } from '../platform.ts';
import { type Subject, unique } from './subject.ts';

/** The local platform in a data directory of its own. */
export async function openLocalSubject(
  open: (options: PlatformOptions) => Promise<Platform>,
  inDirectory?: string,
): Promise<Subject> {
  const dataDir = inDirectory ?? (await mkdtemp(join(tmpdir(), 'local-platform-')));
  const options: PlatformOptions = {
    kind: 'local',
    farmId: `farm_${unique()}`,
    epoch: 1,
    hostId: 'host_conformance',
    dataDir,
    extraCaCerts: null,
    dockerNetwork: null,
    allowFileRepositories: false,
    announce: () => {},
  };
  const platform = await open(options);
  await platform.check();
  return {
    platform,
    farmId: options.farmId,
    options,
    async close() {
      for (const { id } of await platform.runner.list()) {
        await platform.runner.stop(id, { graceMs: 0 });
        await platform.runner.remove(id);
      }
      // Takes away what the killed processes of some tests left.
      await platform.check();
      await platform.close();
      await removeTree(dataDir);
    },
  };
}
