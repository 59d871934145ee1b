import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PlatformOptions } from '../platform.ts';
import { openDockerPlatform } from './docker-platform.ts';

let directory: string;

const options = (wish: Partial<PlatformOptions> = {}): PlatformOptions => ({
  kind: 'docker',
  farmId: 'farm_aaaaaa',
  epoch: 1,
  hostId: 'host_aaaaaa',
  dataDir: directory,
  extraCaCerts: null,
  dockerNetwork: null,
  allowFileRepositories: false,
  announce: () => {},
  ...wish,
});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'docker-platform-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

describe('without an engine', () => {
  it('the check says that none answers, where, and what to do', async () => {
    vi.stubEnv('DOCKER_HOST', `unix://${directory}/no.sock`);
    const platform = await openDockerPlatform(options());
    await expect(platform.check()).rejects.toMatchObject({
      code: 'engine-unavailable',
      message: expect.stringMatching(/no\.sock.*Start the engine.*DOCKER_HOST/),
    });
  });

  it('work is refused as transient, so that it is tried again', async () => {
    await writeFile(join(directory, 'not-a-socket'), '');
    vi.stubEnv('DOCKER_HOST', `unix://${directory}/not-a-socket`);
    const platform = await openDockerPlatform(options());
    await expect(platform.worker.find('tree-1')).rejects.toMatchObject({
      code: 'engine-unavailable',
      fault: 'transient',
    });
    await expect(platform.runner.list()).rejects.toMatchObject({ code: 'engine-unavailable' });
    await expect(platform.runner.waitForChange(new AbortController().signal)).rejects.toMatchObject({
      code: 'engine-unavailable',
    });
    await platform.close();
  });
});
