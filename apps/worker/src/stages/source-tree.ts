import { type Commit, SwitchyardError, type UploadId, uploadKey } from '@switchyard/domain';
import type { SourceTree } from '@switchyard/platform';
import { type ArchivedItem, readArchive } from '@switchyard/service';
import { required, type StageContext } from './stage.ts';

/** The files of what is deployed, wherever they came from. */
export function sourceTree({ deployment, sources, uploads }: StageContext): SourceTree {
  const { sha } = required(deployment.commit, 'commit');
  if (deployment.upload !== null) return uploads.tree(deployment.upload, sha);
  return sources.tree(required(deployment.repository, 'repository'), sha);
}

/** Makes an upload a commit on this host, from the archive, which is judged again: whoever wrote the blob may not have. */
export async function keepUpload(context: StageContext, id: UploadId): Promise<Commit> {
  const { deployment, uploads, records, blobs, signal } = context;
  const { appId } = deployment;
  const upload = await records.uploads.get(appId, id);
  const missing = (cause?: unknown) =>
    new SwitchyardError('upload-not-found', `The upload ${id} is not kept any more. Send the folder again.`, {}, cause);
  if (upload === null) throw missing();
  // Opened when it is read: the upload may be here already.
  async function* items(): AsyncGenerator<ArchivedItem> {
    yield* readArchive(blobs.read(uploadKey(appId, id)));
  }
  try {
    return await uploads.keep({ id, items: items(), sentAt: upload.createdAt, signal });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT' && !(await hasBlob(context, id)))
      throw missing(error);
    throw error;
  }
}

async function hasBlob({ blobs, deployment }: StageContext, id: UploadId): Promise<boolean> {
  const key = uploadKey(deployment.appId, id);
  return (await blobs.list(key.slice(0, key.lastIndexOf('/') + 1))).includes(key);
}
