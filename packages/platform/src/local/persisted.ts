import { lchown, lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentId, PersistPath, SwitchyardError } from '@switchyard/domain';
import type { AppUser } from './app-user.ts';
import { isErrno } from './disk.ts';
import type { StartedFrom } from './local-host.ts';

/** Step by step: where another path was kept before, the app may have made a link that leads anywhere. */
async function makeDirectories(base: string, path: string): Promise<void> {
  let at = base;
  for (const part of ['', ...path.split('/')]) {
    at = join(at, part);
    await mkdir(at).catch((error: unknown) => {
      if (!isErrno(error, 'EEXIST')) throw error;
    });
    if ((await lstat(at)).isDirectory()) continue;
    const message = `${path} can't be kept: ${at} is not a directory. It was made by an earlier version of the app; remove it, or keep another path.`;
    throw new SwitchyardError('invalid-settings', message);
  }
}

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
    await makeDirectories(join(directory, EnvironmentId.parse(environmentId)), path);
    if (user !== null) await lchown(source, user.uid, user.uid);
    made[join(root, path)] = source;
  }
  return made;
}
