import { z } from 'zod';
import { AppId, UploadId } from './ids.ts';

/** The one media type that an upload is taken as; `application/x-gzip` is its old name. */
export const ARCHIVE_TYPE = 'application/gzip';

/** A folder that was sent as a tar.gz, to be deployed. Its bytes are a blob. */
export const Upload = z.object({
  v: z.literal(1),
  id: UploadId,
  appId: AppId,
  /** Of the archive as it was sent. */
  bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Files and links in it. */
  files: z.int().positive(),
  /** Milliseconds since the epoch. */
  createdAt: z.int().nonnegative(),
});
export type Upload = z.infer<typeof Upload>;

/** Where an upload's bytes are. */
export const uploadKey = (appId: AppId, id: UploadId): string => `uploads/${appId}/${id}.tar.gz`;
