import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { staticServerCommand } from '../local/static-server-command.ts';

let directory: string;
let app: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'static-main-'));
  app = join(directory, 'app');
  await mkdir(app);
  await mkdir(join(directory, 'machine', 'inner'), { recursive: true });
  await symlink(join(directory, 'machine'), join(app, 'public'));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

it.each(['public', 'public/inner', '..'])(
  'a site whose directory is %s, which leads out of the app, is not served',
  (site) => {
    const command = staticServerCommand({ directory: site, spa: false, host: '127.0.0.1', port: 0 });
    const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: app, encoding: 'utf8', timeout: 15_000 });
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('leads out of the repository') as string,
    });
  },
);
