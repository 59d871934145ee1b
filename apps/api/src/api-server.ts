import { createServer } from 'node:http';
import type { Clock, FarmId, Ids } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import {
  type Blobs,
  closeServer,
  type Log,
  type LogArchive,
  listen,
  type OutputArchive,
  type SecretBox,
} from '@switchyard/service';
import type { Registry } from 'prom-client';
import { registerApiMetrics } from './api-metrics.ts';
import type { LookUpTxt } from './domains/dns-lookups.ts';
import type { FetchVerificationFile } from './domains/verification-file.ts';
import { createReaders } from './events/readers.ts';
import { expressApp } from './express-app.ts';
import { openApiDocument } from './openapi.ts';
import { OPERATIONS } from './operations.ts';
import type { ApiSettings } from './parts.ts';
import { createSessions } from './session.ts';
import { uploadSlots } from './uploads/upload-slots.ts';
import { webhookSecrets } from './webhooks/webhook-secrets.ts';

/** Headers of a request are here within this time, and its body within the next one; the rest is cut. */
const HEADERS_TIMEOUT_MS = 15_000;
const BODY_TIMEOUT_MS = 15_000;
/** Of the longest upload, which is watched for silence besides. */
const REQUEST_TIMEOUT_MS = 3_600_000;
const CLOSE_POLL_MS = 20;
/** Answers that are still under way this long after a stop began are cut. */
const CLOSE_TIMEOUT_MS = 5_000;

export interface ApiServerOptions {
  readonly store: Store;
  readonly archive: LogArchive;
  readonly outputArchive: OutputArchive;
  readonly lookUpTxt: LookUpTxt;
  readonly fetchVerificationFile: FetchVerificationFile;
  readonly blobs: Blobs;
  readonly secretBox: SecretBox;
  readonly farmId: FarmId;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly metrics: Registry;
  readonly adminToken: string;
  /** Webhook secrets are derived from it. */
  readonly secretKey: Buffer;
  readonly host: string;
  readonly port: number;
  /** `publicUrl` null: `http://localhost:<the port that holds>`. */
  readonly settings: Omit<ApiSettings, 'publicUrl'> & { readonly publicUrl: string | null };
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** Sends the readers of streams away (they connect to the next api), lets answers under way finish, and stops listening. */
  close(): Promise<void>;
}

/** Rejects with `config-invalid` when the port is taken. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, archive, outputArchive, blobs, secretBox, farmId, clock, ids, log, metrics } = options;
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 5_000,
  });
  const { port } = await listen(server, { host: options.host, port: options.port, setting: 'SWITCHYARD_API_PORT' });
  const publicUrl = options.settings.publicUrl ?? `http://localhost:${port}`;
  const readers = createReaders();
  let description: object | null = null;
  const app = expressApp(
    {
      store,
      archive,
      outputArchive,
      lookUpTxt: options.lookUpTxt,
      fetchVerificationFile: options.fetchVerificationFile,
      blobs,
      secretBox,
      farmId,
      clock,
      ids,
      log,
      metrics,
      readers,
      uploadSlots: uploadSlots(),
      sessions: createSessions(options.adminToken, clock, store.teams),
      webhooks: webhookSecrets(options.secretKey),
      settings: { ...options.settings, publicUrl },
      describe: () => (description ??= openApiDocument(OPERATIONS)),
    },
    registerApiMetrics(metrics, { store, readers }),
    BODY_TIMEOUT_MS,
  );
  server.on('request', app);
  return {
    url: publicUrl,
    port,
    async close() {
      readers.dismiss();
      // A connection that is kept alive falls idle only when its answer is through; clients would hold it for seconds.
      const idle = setInterval(() => server.closeIdleConnections(), CLOSE_POLL_MS);
      const patience = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
      try {
        await closeServer(server);
      } finally {
        clearInterval(idle);
        clearTimeout(patience);
      }
    },
  };
}
