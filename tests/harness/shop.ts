import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRepository, type Files, type Repository } from './repository.ts';
import { type System, startSystem } from './system.ts';

/** A system with one app, `shop`, and its repository. */
export interface Shop {
  readonly system: System;
  readonly repository: Repository;
  /** Outside of everything Switchyard owns: what builds and migrations leave here was really done. */
  readonly outside: string;
  close(): Promise<void>;
}

/** Starts a system and makes the app; `live` deploys it too, and throws unless that succeeds. What fails leaves nothing. */
export async function openShop(files: Files, options = { live: false }): Promise<Shop> {
  const ends: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const outside = await openToApps(await mkdtemp(join(tmpdir(), 'outside-')));
    ends.push(() => rm(outside, { recursive: true, force: true }));
    const repository = await createRepository(files);
    ends.push(() => repository.remove());
    const system = await startSystem();
    ends.push(() => system.stop());
    await system.client.createApp({ name: 'shop', repository: repository.url });
    if (options.live) {
      const { status, diagnosis } = await system.deploy('shop');
      if (status !== 'succeeded') throw new Error(`the first deployment ${status}: ${JSON.stringify(diagnosis)}`);
    }
    return { system, repository, outside, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Lets apps write to a directory, whoever they run as. */
export async function openToApps(directory: string): Promise<string> {
  await chmod(directory, 0o1777);
  return directory;
}
