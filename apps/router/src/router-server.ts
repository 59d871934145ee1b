import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { LIMITS } from '@switchyard/domain';
import { forward } from './forward.ts';
import { requestIdOf } from './headers.ts';
import { rawPage, sendPage } from './pages.ts';
import type { RouterMetrics } from './router-metrics.ts';
import { type Destination, hostName } from './table.ts';
import type { Targets } from './targets.ts';
import { joinUpgrade } from './upgrade.ts';

/** Longer than the clients and load balancers in front keep theirs, so that it is they who close an idle connection. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_TIMEOUT_MS = 30_000;
/** The name under which requests for hosts that nobody has are counted. */
const NO_APP = '-';

export interface RouterServer {
  readonly server: Server;
  /** Ends upgraded connections too, which no server waits for. */
  cutUpgrades(): void;
}

/** The server that visitors reach. */
export function createRouterServer(targets: Targets, metrics: RouterMetrics): RouterServer {
  const upgrades = new Set<Duplex>();
  const destinationOf = (request: IncomingMessage): Destination | undefined => {
    const host = hostName(request.headers.host);
    return host === null ? undefined : targets.index.byHost.get(host);
  };

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    const startedAt = performance.now();
    const destination = destinationOf(request);
    const ended = metrics.began(destination?.appName ?? NO_APP);
    const requestId = requestIdOf(request, randomUUID);
    response.once('close', () =>
      ended(response.headersSent ? response.statusCode : 499, (performance.now() - startedAt) / 1000),
    );
    // A visitor that breaks off is seen by `close`; the error itself says nothing more.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    if (destination === undefined) sendPage(request, response, 'unknown-host', requestId);
    else
      void forward(
        { request, response, destination, requestId, remoteAddress: request.socket.remoteAddress ?? '' },
        targets,
      );
  }

  function onUpgrade(request: IncomingMessage, visitor: Duplex, head: Buffer): void {
    const startedAt = performance.now();
    const destination = destinationOf(request);
    const ended = metrics.began(destination?.appName ?? NO_APP);
    const target = destination === undefined ? null : targets.choose(destination);
    visitor.on('error', () => undefined);
    if (target === null) {
      visitor.end(rawPage(destination === undefined ? 'unknown-host' : 'unavailable'), 'latin1');
      ended(destination === undefined ? 404 : 503, 0);
      return;
    }
    upgrades.add(visitor);
    const requestId = requestIdOf(request, randomUUID);
    joinUpgrade(
      { request, visitor, head, remoteAddress: request.socket.remoteAddress ?? '', requestId },
      target,
      (reached) => {
        upgrades.delete(visitor);
        ended(reached ? 101 : 502, (performance.now() - startedAt) / 1000);
      },
    );
  }

  const server = createServer(
    {
      maxHeaderSize: LIMITS.maxRequestHeaderBytes,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      // A large upload may take as long as it moves; what stands still is cut by the idle time-out.
      requestTimeout: 0,
      insecureHTTPParser: false,
      noDelay: true,
    },
    onRequest,
  );
  server.timeout = LIMITS.requestIdleTimeoutMs;
  server.on('upgrade', onUpgrade);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else socket.end(rawPage(error.code === 'HPE_HEADER_OVERFLOW' ? 'too-large' : 'bad-request'), 'latin1');
  });
  return {
    server,
    cutUpgrades() {
      for (const visitor of upgrades) visitor.destroy();
    },
  };
}
