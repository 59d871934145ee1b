import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentId, PersistPath } from '@switchyard/domain';
import type { AppUser } from './app-user.ts';
import type { StartedFrom } from './local-host.ts';

/** `<data>/persist/<environment>/<path>`: what an app keeps over its deployments. Nothing of ours removes it. */
export async function makePersisted(
  directory: string,
  { environmentId, root, persist }: StartedFrom,
  user: AppUser | null,
): Promise<Record<string, string>> {
  const made: Record<string, string> = {};
  for (const path of persist.map((one) => PersistPath.parse(one))) {
    const source = join(directory, EnvironmentId.parse(environmentId), path);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await mkdir(source, { recursive: true });
    if (user !== null) await chown(source, user.uid, user.uid);
    made[join(root, path)] = source;
  }
  return made;
}
