import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { platformConformance } from '../conformance/platform-conformance.ts';
import type { Subject } from '../conformance/subject.ts';
import { openPlatform } from '../open-platform.ts';
import type { PlatformOptions } from '../platform.ts';
import { removeTree } from './file-tree.ts';

async function openLocal(): Promise<Subject> {
  const dataDir = await mkdtemp(join(tmpdir(), 'local-platform-'));
  const options: PlatformOptions = {
    kind: 'local',
    farmId: `farm_${randomBytes(6).toString('hex')}`,
    epoch: 1,
    hostId: 'host_conformance',
    dataDir,
    extraCaCerts: null,
    dockerNetwork: null,
    allowFileRepositories: false,
    announce: () => {},
  };
  const platform = await openPlatform(options);
  await platform.check();
  return {
    platform,
    farmId: options.farmId,
    options,
    async close() {
      for (const { id } of await platform.runner.list()) await platform.runner.stop(id, { graceMs: 0 });
      await platform.close();
      await removeTree(dataDir);
    },
  };
}

platformConformance('local', openLocal);
