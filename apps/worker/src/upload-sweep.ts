import { AppId, type Clock, LIMITS, UploadId, uploadKey } from '@switchyard/domain';
import type { Uploads } from '@switchyard/platform';
import type { Store } from '@switchyard/queue';
import type { Blobs, Log } from '@switchyard/service';

export interface UploadSweepOptions {
  readonly store: Pick<Store, 'apps' | 'uploads'>;
  readonly uploads: Uploads;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly log: Log;
}

const BLOB = /^uploads\/(?<app>[^/]+)\/(?<id>[^/]+)\.tar\.gz$/;

/** For one worker at a time: forgets uploads that nothing needs, and removes bytes that no record names. */
export async function sweepUploads({ store, blobs, clock, log }: UploadSweepOptions): Promise<void> {
  for (const { id: appId } of await store.apps.list()) {
    for (const id of await store.uploads.prune(appId)) {
      await blobs.removeAll(uploadKey(appId, id));
      log.info({ appId, uploadId: id }, 'removed an upload that nothing needs');
    }
  }
  let removed = 0;
  for (const key of await blobs.listOlder('uploads/', clock() - LIMITS.lostUploadMs)) {
    if (removed >= LIMITS.maxSweepRemovals) return;
    const app = AppId.safeParse(BLOB.exec(key)?.groups?.['app']);
    const id = UploadId.safeParse(BLOB.exec(key)?.groups?.['id']);
    if (app.success && id.success && (await store.uploads.get(app.data, id.data)) !== null) continue;
    await blobs.removeAll(key);
    removed += 1;
    log.info({ key }, 'removed the bytes of an upload that no record names');
  }
}

/** For every worker: removes what this host has made of uploads that are gone, and what was left half made. */
export async function sweepUnpacked({ store, uploads, clock, log }: UploadSweepOptions): Promise<void> {
  const old = (await uploads.list()).filter(({ createdAt }) => clock() - createdAt >= LIMITS.lostUploadMs);
  if (old.length === 0) return;
  const apps = await store.apps.list();
  const kept = new Set((await Promise.all(apps.map(({ id }) => store.uploads.list(id)))).flat().map(({ id }) => id));
  const goes = old.filter(({ id }) => id === null || !kept.has(id)).slice(0, LIMITS.maxSweepRemovals);
  for (const { name } of goes) {
    await uploads.remove(name);
    log.info({ name }, 'removed what was unpacked of an upload that is gone');
  }
}
