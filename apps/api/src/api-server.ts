import { createServer } from 'node:http';
import { Server as TcpServer } from 'node:net';
import type { Clock, FarmId, Ids } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import {
  type Blobs,
  type Log,
  type LogArchive,
  listen,
  type OutputArchive,
  type ProcessLife,
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
/** How long kept connections stay open when the api stops, so that a request on its way is answered, and told to be the last. */
const FAREWELL_MS = 300;

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
  readonly life: Pick<ProcessLife, 'state'>;
  readonly host: string;
  readonly port: number;
  /** `publicUrl` null: `http://localhost:<the port that holds>`. */
  readonly settings: Omit<ApiSettings, 'publicUrl'> & { readonly publicUrl: string | null };
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** Requests and streams under way. */
  readonly inHand: number;
  /**
   * Stops listening, sends the readers of event streams away (they connect to the next api), answers what has been asked, and cuts what
   * is still open at the deadline.
   */
  close(deadlineMs: number): Promise<void>;
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
      life: options.life,
      uploadSlots: uploadSlots(),
      sessions: createSessions(options.adminToken, clock, store.teams),
      webhooks: webhookSecrets(options.secretKey),
      settings: { ...options.settings, publicUrl },
      describe: () => (description ??= openApiDocument(OPERATIONS)),
    },
    registerApiMetrics(metrics, { store, readers }),
    BODY_TIMEOUT_MS,
  );
  let inHand = 0;
  let isClosing = false;
  server.on('request', (request, response) => {
    inHand += 1;
    response.once('close', () => (inHand -= 1));
    // A balancer sends the next request on another connection, which is another api's.
    if (isClosing) response.setHeader('Connection', 'close');
    app(request, response);
  });
  return {
    url: publicUrl,
    port,
    get inHand() {
      return inHand;
    },
    async close(deadlineMs) {
      isClosing = true;
      readers.dismiss();
      // http's own `close` also cuts idle connections at once: a request that is just under way on one would be lost.
      const closed = new Promise<void>((resolve) => TcpServer.prototype.close.call(server, () => resolve()));
      const startedAt = performance.now();
      // A connection that is kept alive falls idle only when its answer is through; clients would hold it for seconds.
      const idle = setInterval(() => {
        if (performance.now() - startedAt > FAREWELL_MS) server.closeIdleConnections();
      }, CLOSE_POLL_MS);
      const patience = setTimeout(() => server.closeAllConnections(), deadlineMs);
      await closed;
      clearInterval(idle);
      clearTimeout(patience);
    },
  };
}
