import { UploadList, UploadView } from '@switchyard/client';
import { LIMITS, type Upload } from '@switchyard/domain';
import type { Request } from 'express';
import { z } from 'zod';
import { requireApp } from '../app-views.ts';
import { liftBodyTime } from '../body-time.ts';
import { ARCHIVE_BODY, NO_BODY, operation } from '../operation.ts';
import { checkUploadHeaders, pruneUploads, takeUpload } from '../uploads/take-upload.ts';
import { AppPath } from './app-operations.ts';

const none = z.object({});
/** How long the rest of a refused body is taken and thrown away, so that its sender gets to read the answer. */
const DISCARD_MS = 5_000;

const view = ({ v: _v, appId: _appId, ...upload }: Upload): UploadView => upload;

const createUpload = operation({
  id: 'createUpload',
  method: 'post',
  path: '/v1/apps/{app}/uploads',
  tag: 'Uploads',
  access: 'token',
  summary: 'Upload a folder',
  description: `Takes a tar.gz of a folder’s content, up to ${LIMITS.maxUploadBytes / 1024 ** 2} MiB, to be deployed with its id. \`.git\` is left out; absolute paths, paths and links that lead out of the folder, devices and archives that unpack to more than ${LIMITS.maxUnpackedBytes / 1024 ** 3} GiB or ${LIMITS.maxUploadEntries} entries are refused, and nothing of them is kept. The newest ${LIMITS.keptUploads} of an app stay, and those that a deployment under way needs; one from which nothing is deployed goes after a day.`,
  params: AppPath,
  query: none,
  body: ARCHIVE_BODY,
  answers: { 201: { description: 'It is kept.', content: { 'application/json': UploadView } } },
  errors: ['app-not-found', 'upload-refused', 'upload-incomplete', 'too-many-uploads', 'disk-full'],
  async handle({ params, request, response }, { store, blobs, clock, ids, uploadSlots, log }) {
    try {
      const app = await requireApp(store, params.app);
      checkUploadHeaders(request);
      const upload = await uploadSlots.use(async () => {
        liftBodyTime(response);
        return await takeUpload({ store, blobs, clock }, { app, id: ids('upl'), request });
      });
      await pruneUploads(store, blobs, app.id).catch((error: unknown) =>
        log.warn({ err: error, app: app.name }, 'old uploads could not be removed; the sweep tries again'),
      );
      response.status(201).json(view(upload));
    } finally {
      discardRest(request);
    }
  },
});

function discardRest(request: Request): void {
  if (request.complete || request.destroyed) return;
  const patience = setTimeout(() => request.destroy(), DISCARD_MS);
  request.once('close', () => clearTimeout(patience)).once('end', () => clearTimeout(patience));
  request.resume();
}

const listUploads = operation({
  id: 'listUploads',
  method: 'get',
  path: '/v1/apps/{app}/uploads',
  tag: 'Uploads',
  access: 'token',
  summary: 'List an app’s uploads',
  params: AppPath,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'Those that are kept, newest first.', content: { 'application/json': UploadList } } },
  errors: ['app-not-found'],
  async handle({ params, response }, { store }) {
    const app = await requireApp(store, params.app);
    response.json({ uploads: (await store.uploads.list(app.id)).map(view) });
  },
});

export const uploadOperations = [createUpload, listUploads];
