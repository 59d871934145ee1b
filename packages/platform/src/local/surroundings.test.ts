import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ceilingVariables, writeBoundary } from './surroundings.ts';

const run = promisify(execFile);

let project: string;
let dataDir: string;
let tree: string;

/** A data directory inside a project of ES modules, in a Git repository. */
beforeAll(async () => {
  project = await realpath(await mkdtemp(join(tmpdir(), 'project-')));
  dataDir = join(project, '.data');
  tree = join(dataDir, 'workspaces', 'tree');
  await mkdir(tree, { recursive: true });
  await run('git', ['init', '--quiet', project]);
  await writeFile(join(project, 'package.json'), '{"type":"module"}');
  await writeFile(join(tree, 'server.js'), "console.log(typeof require('node:fs'))");
  await writeBoundary(dataDir);
});

afterAll(async () => {
  await rm(project, { recursive: true });
});

describe('a tree below a data directory that lies in somebody’s project', () => {
  it('is read as CommonJS, although the project above is not', async () => {
    expect((await run(process.execPath, ['server.js'], { cwd: tree })).stdout).toBe('object\n');
  });

  it('is in no Git repository', async () => {
    const env = { ...process.env, ...ceilingVariables(dataDir) };
    await expect(run('git', ['rev-parse', '--git-dir'], { cwd: tree, env })).rejects.toMatchObject({ code: 128 });
  });

  it('and a second start leaves the boundary as it is', async () => {
    await writeBoundary(dataDir);
    expect((await run(process.execPath, ['server.js'], { cwd: tree })).stdout).toBe('object\n');
  });
});
