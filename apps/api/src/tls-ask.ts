import { createServer, type RequestListener } from 'node:http';
import { LIMITS, parseDomainName } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import { closeServer, type Log, listen } from '@switchyard/service';

const TLS_ASK_PATH = '/v1/tls/ask';
const MAX_HEADER_BYTES = 8 * 1024;
const TIMEOUT_MS = 5_000;

export interface TlsAskOptions {
  readonly domains: Pick<Store['domains'], 'isServed'>;
  readonly apps: Pick<Store['apps'], 'find'>;
  readonly appsDomain: string;
  /** Where the api and the page answer: it has a certificate too. */
  readonly apiHost: string;
  readonly log: Log;
  readonly host: string;
  readonly port: number;
}

/**
 * Answers whoever ends TLS whether a host is one of ours, before it gets a certificate for it: 200 or 404, and nothing else. Asked
 * without a token, since Caddy can't send one; on a listener of its own, so that it can be kept from the net. Rejects with
 * `config-invalid` when the port is taken.
 */
export async function startTlsAsk(options: TlsAskOptions): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: TIMEOUT_MS,
    requestTimeout: TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUT_MS,
  });
  server.on('request', answer(options));
  const { port } = await listen(server, { ...options, setting: 'SWITCHYARD_TLS_ASK_PORT' });
  return {
    port,
    async close() {
      server.closeIdleConnections();
      await closeServer(server);
    },
  };
}

function answer(options: TlsAskOptions): RequestListener {
  const isAllowed = asksPerSecond();
  return (request, response) => {
    response.setHeader('Cache-Control', 'no-store');
    const end = (status: number): void => void response.writeHead(status, { 'Content-Length': 0 }).end();
    const [path, query] = (request.url ?? '').split('?', 2);
    if (path !== TLS_ASK_PATH) end(404);
    else if (request.method !== 'GET' && request.method !== 'HEAD') end(405);
    else if (!isAllowed()) end(429);
    else
      isOurs(new URLSearchParams(query).get('domain') ?? '', options).then(
        (ours) => end(ours ? 200 : 404),
        (error: unknown) => {
          options.log.warn({ err: error }, 'could not say whether a host is ours');
          end(503);
        },
      );
  };
}

async function isOurs(text: string, { domains, apps, appsDomain, apiHost }: TlsAskOptions): Promise<boolean> {
  const parsed = parseDomainName(text);
  if ('problem' in parsed) return false;
  const { host } = parsed;
  if (host === apiHost) return true;
  const suffix = `.${appsDomain}`;
  if (host.endsWith(suffix)) {
    const name = host.slice(0, -suffix.length);
    const app = await apps.find(name);
    return app?.name === name;
  }
  return await domains.isServed(host);
}

function asksPerSecond(): () => boolean {
  let second = 0;
  let asks = 0;
  return () => {
    const now = Math.floor(performance.now() / 1_000);
    if (now !== second) asks = 0;
    second = now;
    asks += 1;
    return asks <= LIMITS.tlsAsksPerSecond;
  };
}
