import { type AppId, SwitchyardError, Upload, UploadId } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';

export interface UploadRecords {
  /** Records an upload whose bytes are kept. Rejects with `app-not-found` when the app was deleted meanwhile. */
  put(upload: Upload): Promise<void>;
  get(appId: AppId, id: UploadId): Promise<Upload | null>;
  /** Newest first. */
  list(appId: AppId): Promise<Upload[]>;
  /**
   * Forgets uploads that no unfinished deployment needs: those past the newest `LIMITS.keptUploads`, and those from which nothing was
   * deployed within `LIMITS.unusedUploadMs`. Answers them: their bytes can go.
   */
  prune(appId: AppId): Promise<UploadId[]>;
}

export function uploadRecords({ redis, keys, clock, run }: StoreContext): UploadRecords {
  return {
    async put(upload) {
      const { appId, id } = upload;
      const answer = await run('putUpload', clock(), appId, id, JSON.stringify(Upload.parse(upload)));
      if (answer !== 1)
        throw new SwitchyardError('app-not-found', 'The app was deleted while the upload was under way.');
    },

    async get(appId, id) {
      const document = await redis.hget(keys.uploadsOf(appId), id);
      return document === null ? null : Upload.parse(JSON.parse(document));
    },

    async list(appId) {
      const documents = await redis.hvals(keys.uploadsOf(appId));
      return documents.map((text) => Upload.parse(JSON.parse(text))).sort((a, b) => b.createdAt - a.createdAt);
    },

    async prune(appId) {
      return z.array(UploadId).parse(await run('pruneUploads', clock(), appId));
    },
  };
}
