import { lchown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentId, PersistPath } from '@switchyard/domain';
import type { AppUser } from './app-user.ts';
import type { StartedFrom } from './local-host.ts';
import { makeRealDirectories } from './real-directories.ts';

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
    const base = join(directory, EnvironmentId.parse(environmentId));
    await makeRealDirectories(
      base,
      path,
      (standing) =>
        `${path} can't be kept: ${join(base, standing)} is not a directory. It was made by an earlier version of the app; remove it, or keep another path.`,
    );
    if (user !== null) await lchown(source, user.uid, user.uid);
    made[join(root, path)] = source;
  }
  return made;
}
