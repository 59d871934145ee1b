import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as TcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { LIMITS, VERIFICATION_PATH } from '@switchyard/domain';
import { forward } from './forward.ts';
import { hasBody, requestIdOf } from './headers.ts';
import { type PageName, rawPage } from './pages.ts';
import { requestTarget } from './request-target.ts';
import type { RouterMetrics } from './router-metrics.ts';
import { TargetSearch } from './target-search.ts';
import type { Targets } from './targets.ts';
import { Upgrade } from './upgrade.ts';
import { type Doors, Visit } from './visit.ts';

/** Longer than the clients and load balancers in front keep theirs, so that it is they who close an idle connection. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_TIMEOUT_MS = 30_000;
const CHECK_CONNECTIONS_MS = 5_000;
/** A visitor's connection on which nothing moves is cut, a little after its instance had the chance to be too slow. */
const VISITOR_IDLE_MS = LIMITS.requestIdleTimeoutMs + 10_000;
/** How long kept connections stay open when the router stops, so that their next request is answered, and told to be the last. */
const FAREWELL_MS = 500;
/** The name under which requests are counted that belong to no app. */
const NO_APP = '-';

export interface RouterServer {
  readonly server: Server;
  /** Requests and joined connections under way. */
  readonly inHand: number;
  /** Takes no more connections; resolves when what is under way has ended, or was cut after `limitMs`. */
  stop(limitMs: number): Promise<void>;
}

/** The server that visitors reach. */
export function createRouterServer(targets: Targets, metrics: RouterMetrics): RouterServer {
  const upgrades = new Set<Upgrade>();
  let requests = 0;
  const doors: Doors = { closing: false };
  /** The latest request of a connection: what a parser error on it has to end. */
  const latest = new WeakMap<Duplex, Visit>();

  function onRequest(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const startedAt = performance.now();
    const target = requestTarget(request);
    const host = target?.host ?? '';
    const figures = metrics.of(targets.site(host)?.appName ?? NO_APP);
    const visit = new Visit({
      request,
      response,
      path: target?.path ?? '/',
      requestId: requestIdOf(request, randomUUID),
      remoteAddress: plainAddress(request.socket.remoteAddress),
      doors,
      expectsContinue,
    });
    latest.set(request.socket, visit);
    figures.began();
    requests += 1;
    response.once('close', () => {
      requests -= 1;
      visit.leave();
      figures.ended(response.headersSent ? response.statusCode : 499, (performance.now() - startedAt) / 1000);
    });
    // A visitor that breaks off is seen by `close`; the errors themselves say nothing more.
    request.on('error', ignore);
    response.on('error', ignore);
    if (target === null) visit.page('bad-request');
    else if (isVerificationFile(target.path)) visit.page('verification-file');
    else forward(visit, new TargetSearch(targets, host, () => visit.isGone));
  }

  function onUpgrade(request: IncomingMessage, visitor: Duplex, head: Buffer): void {
    const startedAt = performance.now();
    const target = requestTarget(request);
    const host = target?.host ?? '';
    const figures = metrics.of(targets.site(host)?.appName ?? NO_APP);
    figures.began();
    const upgrade = new Upgrade(
      {
        request,
        visitor,
        head,
        path: target?.path ?? '/',
        requestId: requestIdOf(request, randomUUID),
        remoteAddress: plainAddress(request.socket.remoteAddress),
        onEnd(status) {
          upgrades.delete(upgrade);
          figures.ended(status, (performance.now() - startedAt) / 1000);
        },
      },
      (isGone) => new TargetSearch(targets, host, isGone),
    );
    upgrades.add(upgrade);
    // A body before the change of protocol can't be told from what follows it.
    if (target === null || hasBody(request)) upgrade.refuse('bad-request');
    else if (isVerificationFile(target.path)) upgrade.refuse('verification-file');
    else upgrade.start();
  }

  function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const visit = latest.get(socket);
    const isAnswered = visit !== undefined && visit.response.headersSent && !visit.response.writableFinished;
    visit?.leave();
    // Into the middle of an answer nothing else can be said.
    if (!socket.writable || isAnswered || error.code === 'ECONNRESET') socket.destroy();
    else socket.end(rawPage(pageFor(error)), 'latin1', () => socket.destroy());
  }

  const server = createServer({
    maxHeaderSize: LIMITS.maxRequestHeaderBytes,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
    // A large upload may take as long as it moves; what stands still is cut by the idle time-out.
    requestTimeout: 0,
    insecureHTTPParser: false,
    noDelay: true,
  });
  server.timeout = VISITOR_IDLE_MS;
  server.on('request', (request, response) => onRequest(request, response, false));
  server.on('checkContinue', (request, response) => onRequest(request, response, true));
  server.on('upgrade', onUpgrade);
  server.on('clientError', onClientError);

  return {
    server,
    get inHand() {
      return requests + upgrades.size;
    },
    async stop(limitMs) {
      doors.closing = true;
      // http's own `close` also cuts idle connections at once: a request that is just under way on one would be lost.
      const closed = new Promise<void>((resolve) => TcpServer.prototype.close.call(server, () => resolve()));
      const upgradesEnded = async (): Promise<void> => {
        while (upgrades.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
      };
      let isQuiet = false;
      const farewell = setTimeout(() => {
        isQuiet = true;
        server.close();
      }, FAREWELL_MS);
      const idle = setInterval(() => isQuiet && server.closeIdleConnections(), 100);
      const limit = setTimeout(() => {
        for (const upgrade of upgrades) upgrade.end(101);
        server.closeAllConnections();
      }, limitMs);
      await Promise.all([closed, upgradesEnded()]);
      clearTimeout(farewell);
      clearTimeout(limit);
      clearInterval(idle);
    },
  };
}

/**
 * No app answers for that file, under any host: an app's own hosts, one that was verified for another app before, or one that this router
 * has not heard of losing, would otherwise let who can deploy prove a host.
 */
function isVerificationFile(path: string): boolean {
  return path.startsWith(VERIFICATION_PATH) && /^[?#]?$/.test(path.charAt(VERIFICATION_PATH.length));
}

function ignore(): void {
  // Nothing to do.
}

function pageFor({ code }: NodeJS.ErrnoException): PageName {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers-too-large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'too-slow-visitor' : 'bad-request';
}

/** `::ffff:10.0.0.7` → `10.0.0.7`: how a dual-stack listener names an IPv4 visitor. */
function plainAddress(address = ''): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
