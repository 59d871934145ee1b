import { LIMITS, Release, ReleaseId, SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';
import type { ReleaseRecords } from './store-of-apps.ts';

const ReleaseDocument = Release.omit({ liveAt: true, pinned: true });

function releaseOf(document: string, liveAt: string | null | undefined, pinned: string | null | undefined): Release {
  return {
    ...ReleaseDocument.parse(JSON.parse(document)),
    liveAt: liveAt === null || liveAt === undefined || liveAt === '' ? null : Number(liveAt),
    ...(pinned === '1' ? { pinned: true } : {}),
  };
}

export function releaseRecords({ redis, keys, run, clock }: StoreContext): ReleaseRecords {
  async function get(id: ReleaseId): Promise<Release | null> {
    const [document, liveAt, pinned] = await redis.hmget(keys.release(id), 'doc', 'liveAt', 'pinned');
    return document === null || document === undefined ? null : releaseOf(document, liveAt, pinned);
  }

  return {
    get,

    async put(lease, release) {
      const answer = await run(
        'putRelease',
        clock(),
        lease.deploymentId,
        lease.token,
        release.id,
        JSON.stringify(ReleaseDocument.parse(release)),
      );
      const [document, liveAt] = z.tuple([z.string(), z.string()]).parse(answer);
      return document === '' ? null : releaseOf(document, liveAt, null);
    },

    async list(id) {
      const members = await redis.zrange(keys.releasesOf(id), 0, '-1', 'REV');
      const found = await Promise.all(members.map((item) => get(ReleaseId.parse(item))));
      return found.filter((item) => item !== null);
    },

    async remove(id) {
      return (await run('removeRelease', clock(), id)) === 1;
    },

    async pin(id, pinned) {
      const most = LIMITS.maxPinnedReleases;
      const answer = await run('pinRelease', clock(), id, pinned ? 1 : 0, most);
      if (answer === 'not-kept') throw new SwitchyardError('release-not-kept', 'This release is not kept any more.');
      if (answer === 'too-many')
        throw new SwitchyardError('too-many-pins', `${most} releases are pinned, which is the most. Unpin one first.`);
    },
  };
}
