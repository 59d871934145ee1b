import {
  type App,
  ARCHIVE_TYPE,
  type Clock,
  LIMITS,
  SwitchyardError,
  type Upload,
  type UploadId,
  uploadKey,
} from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import { type Blobs, checkArchive } from '@switchyard/service';
import type { Request } from 'express';

const OLD_ARCHIVE_TYPE = 'application/x-gzip';

/** Refuses what its headers already say can't be taken, before a byte is read. */
export function checkUploadHeaders(request: Request): void {
  if (!request.is([ARCHIVE_TYPE, OLD_ARCHIVE_TYPE]))
    throw new SwitchyardError(
      'unsupported-media-type',
      `Send a tar.gz as the body, with the header \`Content-Type: ${ARCHIVE_TYPE}\`.`,
    );
  if (Number(request.get('content-length') ?? 0) > LIMITS.maxUploadBytes) throw tooLarge();
}

function tooLarge(): SwitchyardError {
  return new SwitchyardError(
    'body-too-large',
    `The archive may have ${LIMITS.maxUploadBytes / 1024 ** 2} MiB at most. Leave out what is installed or built (.switchyardignore).`,
    { maxBytes: LIMITS.maxUploadBytes },
  );
}

/** What comes of the body; a sender that goes away or falls silent rejects with `upload-incomplete`. */
async function* piecesOf(request: Request): AsyncGenerator<Uint8Array> {
  const { socket } = request;
  const onSilence = () => request.destroy(new Error(`nothing came for ${LIMITS.uploadIdleTimeoutMs / 1_000} s`));
  socket.setTimeout(LIMITS.uploadIdleTimeoutMs, onSilence);
  try {
    // The connection stays open when the reading ends early, so that the answer reaches the sender.
    yield* request.iterator({ destroyOnReturn: false });
  } catch (error) {
    throw new SwitchyardError(
      'upload-incomplete',
      'The upload ended before all of it was here. Nothing of it is kept; send it again.',
      {},
      error,
    );
  } finally {
    socket.off('timeout', onSilence);
    socket.setTimeout(0);
  }
}

/**
 * Keeps an archive and records it: both or neither. Rejects with `body-too-large` while it still comes, `upload-incomplete`,
 * `upload-refused`, `disk-full`, `app-not-found`.
 */
export async function takeUpload(
  { store, blobs, clock }: { store: Pick<Store, 'uploads'>; blobs: Blobs; clock: Clock },
  { app, id, request }: { app: App; id: UploadId; request: Request },
): Promise<Upload> {
  const key = uploadKey(app.id, id);
  const written = await blobs
    .putStream(key, piecesOf(request), { maxBytes: LIMITS.maxUploadBytes })
    .catch((error: unknown) => {
      throw error instanceof SwitchyardError && error.code === 'body-too-large' ? tooLarge() : error;
    });
  try {
    const { files } = await checkArchive(blobs.read(key));
    const upload: Upload = { v: 1, id, appId: app.id, ...written, files, createdAt: clock() };
    await store.uploads.put(upload);
    return upload;
  } catch (error) {
    await blobs.removeAll(key);
    throw error;
  }
}

/** Forgets an app's uploads that nothing needs any more, and their bytes. */
export async function pruneUploads(store: Pick<Store, 'uploads'>, blobs: Blobs, appId: App['id']): Promise<void> {
  for (const id of await store.uploads.prune(appId)) await blobs.removeAll(uploadKey(appId, id));
}
