import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);

async function docker(...args: string[]): Promise<string[]> {
  return (await run('docker', args)).stdout.split('\n').filter((line) => line !== '');
}

/** Everything that a farm has in the engine, as ids. */
export interface FarmInEngine {
  readonly containers: readonly string[];
  readonly images: readonly string[];
  readonly volumes: readonly string[];
}

export async function farmIdOf(dataDirectory: string): Promise<string> {
  const text = await readFile(join(dataDirectory, 'farm.json'), 'utf8');
  return z.object({ id: z.string() }).parse(JSON.parse(text)).id;
}

export async function farmInEngine(farmId: string): Promise<FarmInEngine> {
  const label = ['--filter', `label=dev.switchyard.farm=${farmId}`];
  const [containers, images, volumes] = await Promise.all([
    docker('ps', '--all', '--quiet', ...label),
    docker('images', '--quiet', ...label),
    docker('volume', 'ls', '--quiet', ...label),
  ]);
  return { containers, images: [...new Set(images)], volumes };
}

/** What outlives an installation on purpose: releases, caches, and instances that were left running. */
export async function removeFarm(farmId: string): Promise<void> {
  const { containers, volumes } = await farmInEngine(farmId);
  if (containers.length > 0) await docker('rm', '--force', '--volumes', ...containers);
  for (let { images } = await farmInEngine(farmId); images.length > 0; { images } = await farmInEngine(farmId)) {
    // One that others lie on is refused, and goes after them.
    await docker('rmi', '--force', ...images).catch(() => {});
  }
  if (volumes.length > 0) await docker('volume', 'rm', ...volumes);
}
