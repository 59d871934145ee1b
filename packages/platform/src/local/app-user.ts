import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AppId, LIMITS, SwitchyardError } from '@switchyard/domain';
import { isErrno } from './disk.ts';

/** Who an app's processes run as, so that no other app's can read its files or signal them. Its group has the same number. */
export interface AppUser {
  readonly uid: number;
}

export interface AppUsers {
  userOf(app: AppId): Promise<AppUser>;
}

/** Lines of `/proc/self/uid_map`: first inside, first outside, how many. */
export function isMapped(uidMap: string, first: number, last: number): boolean {
  return uidMap.split('\n').some((line) => {
    const [inside = Number.NaN, , count = 0] = line.trim().split(/\s+/).map(Number);
    return inside <= first && last < inside + count;
  });
}

/** Whether this process may give apps users of their own: as root, and not in a container that has a few user ids only. */
export function mayUseAppUsers(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const { first, last } = LIMITS.appUserIds;
  try {
    return isMapped(readFileSync('/proc/self/uid_map', 'utf8'), first, last);
  } catch {
    return false;
  }
}

/** The number that an app would like to have: the same on every host where nobody else has it. */
export function wishedUid(app: string): number {
  const { first, last } = LIMITS.appUserIds;
  return first + (createHash('sha256').update(app).digest().readUInt32BE() % (last - first + 1));
}

/**
 * `<data>/users/<uid>` holds the app's id. A file appears whole (a link to one that is written) or not at all, so two processes that give
 * out the same number at once find out. A number is never given to another app: files of the earlier one may be left.
 */
export function openAppUsers(directory: string): AppUsers {
  const known = new Map<string, AppUser>();

  /** Takes the number for the app, or answers who has it. */
  async function take(uid: number, app: string): Promise<string> {
    const path = join(directory, String(uid));
    const written = join(directory, `.${uid}-${randomBytes(6).toString('hex')}`);
    try {
      await writeFile(written, app);
      await link(written, path);
      return app;
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
      return await readFile(path, 'utf8');
    } finally {
      await rm(written, { force: true });
    }
  }

  return {
    async userOf(app) {
      const user = known.get(app);
      if (user !== undefined) return user;
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const { first, last } = LIMITS.appUserIds;
      const size = last - first + 1;
      for (let step = 0; step < size; step += 1) {
        const uid = first + ((wishedUid(app) - first + step) % size);
        if ((await take(uid, app)) !== app) continue;
        known.set(app, { uid });
        return { uid };
      }
      throw new SwitchyardError(
        'engine-refused',
        `All ${size} user ids for apps are taken. Remove files of deleted apps from ${directory}, with what those users own.`,
      );
    },
  };
}
