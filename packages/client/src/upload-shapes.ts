import { Upload } from '@switchyard/domain';
import { z } from 'zod';

/** A folder that was sent; `id` is what a deployment takes as its `upload`. */
export const UploadView = Upload.omit({ v: true, appId: true }).meta({ id: 'Upload' });
export type UploadView = z.infer<typeof UploadView>;

export const UploadList = z.object({ uploads: z.array(UploadView) }).meta({ id: 'UploadList' });
export type UploadList = z.infer<typeof UploadList>;
