import { Release, ReleaseId } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';
import type { ReleaseRecords } from './store.ts';

const ReleaseDocument = Release.omit({ liveAt: true });

function releaseOf(document: string, liveAt: string | null | undefined): Release {
  return {
    ...ReleaseDocument.parse(JSON.parse(document)),
    liveAt: liveAt === null || liveAt === undefined || liveAt === '' ? null : Number(liveAt),
  };
}

export function releaseRecords({ redis, keys, run, clock }: StoreContext): ReleaseRecords {
  async function get(id: ReleaseId): Promise<Release | null> {
    const [document, liveAt] = await redis.hmget(keys.release(id), 'doc', 'liveAt');
    return document === null || document === undefined ? null : releaseOf(document, liveAt);
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
      return document === '' ? null : releaseOf(document, liveAt);
    },

    async list(id) {
      const members = await redis.zrange(keys.releasesOf(id), 0, '-1', 'REV');
      const found = await Promise.all(members.map((item) => get(ReleaseId.parse(item))));
      return found.filter((item) => item !== null);
    },

    async remove(id) {
      const release = await get(id);
      if (release === null) return;
      await redis.multi().del(keys.release(id)).zrem(keys.releasesOf(release.environmentId), id).exec();
    },
  };
}
