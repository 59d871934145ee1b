import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openLocalSubject } from '../conformance/local-subject.ts';
import { platformConformance } from '../conformance/platform-conformance.ts';
import { attempt, run } from '../conformance/subject.ts';
import { openPlatform } from '../open-platform.ts';
import { findOverlays } from './find-overlays.ts';

/**
 * The same as somebody who is not root, in a user namespace. Test files have a process each, and this one gives its rights away: from
 * here on it is nobody's, for good.
 */
const NOBODY = 65_533;
const usual = process.env['TMPDIR'];
const directory = mkdtempSync(join(tmpdir(), 'as-user-'));
if (process.getuid?.() === 0) {
  chownSync(directory, NOBODY, NOBODY);
  process.env['TMPDIR'] = directory;
  process.setgroups?.([]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}
afterAll(() => {
  process.env['TMPDIR'] = usual;
  rmSync(directory, { recursive: true });
});

const probe = mkdtempSync(join(tmpdir(), 'probe-'));
const found = await findOverlays(probe);
rmSync(probe, { recursive: true });

const refused = 'refused' in found ? found.refused : null;

describe.skipIf(refused !== null)(
  `as somebody who is not root${refused === null ? '' : ` (skipped: ${refused})`}`,
  () => {
    platformConformance('local in a user namespace', () => openLocalSubject(openPlatform), {
      skip: {
        'a fork bomb gets no further than its processes, and nothing of it is left':
          'control groups are root’s here: processes are counted every now and then, and ended when there are too many',
      },
    });

    test('a command is who the platform is, and sees of the data directory only what is its own', async () => {
      const subject = await openLocalSubject(openPlatform);
      try {
        const dataDir = subject.options?.dataDir;
        const tries = ['umount -l /app', `umount -l ${dataDir}`, 'mount -t tmpfs tmpfs /mnt', `ls ${dataDir}/layers`];
        const script = tries.map((one) => `${one} 2>/dev/null && echo '${one} worked'`).join('; ');
        const { output } = await run(subject.platform, [`id -u; pwd; ${script}; true`], { attempt: attempt() });
        expect(output).toBe(`${process.getuid?.()}\n/app\n`);
      } finally {
        await subject.close();
      }
    });
  },
);
