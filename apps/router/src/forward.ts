import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { hasBody, requestHeaders, responseHeaders } from './headers.ts';
import { type PageName, sendPage } from './pages.ts';
import type { Destination } from './table.ts';
import type { Target } from './target.ts';
import type { Targets } from './targets.ts';

/** How long a request waits for an app whose instances are all on their way up. */
const WAIT_FOR_READY_MS = 5_000;
const MAX_ATTEMPTS = 3;

const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** Nothing of the request has reached the instance. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'UND_ERR_CONNECT_TIMEOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
]);
/** The connection broke; the instance may have seen the request. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
const TIMED_OUT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly destination: Destination;
  readonly requestId: string;
  readonly remoteAddress: string;
}

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : '');

/** Sends a visitor's request to an instance of its destination and streams the answer back. Never throws: every end is an answer. */
export async function forward(visit: Visit, targets: Targets): Promise<void> {
  const target = targets.choose(visit.destination) ?? (await waitForTarget(visit, targets));
  if (target !== null) attempt(visit, targets, target, 1);
}

async function waitForTarget(
  { request, response, destination, requestId }: Visit,
  targets: Targets,
): Promise<Target | null> {
  const host = destination.environmentId;
  const deadline = performance.now() + WAIT_FOR_READY_MS;
  let current: Destination | undefined = destination;
  while (performance.now() < deadline && !response.destroyed) {
    await targets.changed(deadline - performance.now());
    current = [...targets.index.byHost.values()].find(({ environmentId }) => environmentId === host);
    if (current === undefined) break;
    const target = targets.choose(current);
    if (target !== null) return target;
  }
  if (!response.destroyed)
    sendPage(
      request,
      response,
      current === undefined || current.shares.length === 0 ? 'nothing-live' : 'unavailable',
      requestId,
    );
  return null;
}

function attempt(visit: Visit, targets: Targets, target: Target, count: number): void {
  const { request, response, requestId } = visit;
  target.enter();
  try {
    target.pool.dispatch(
      {
        path: request.url ?? '/',
        method: request.method ?? 'GET',
        headers: requestHeaders(request, visit),
        body: hasBody(request) ? request : null,
      },
      new Answering(visit, target, (error, sent) => {
        const next =
          mayRepeat(request, error, sent) && count < MAX_ATTEMPTS ? another(visit, targets, target, error) : null;
        if (next === null) giveUp(visit, error);
        else attempt(visit, targets, next, count + 1);
      }),
    );
  } catch {
    // undici refuses some requests outright: a method or header that no instance could be asked with.
    target.leave();
    sendPage(request, response, 'bad-request', requestId);
  }
}

/** A request may be made again when the instance can't have acted on it, or when acting twice is the same as once. */
function mayRepeat(request: IncomingMessage, error: Error, answerBegan: boolean): boolean {
  if (answerBegan || request.destroyed) return false;
  if (hasBody(request) && request.readableDidRead) return false;
  const code = codeOf(error);
  if (NOT_SENT.has(code)) return true;
  return BROKEN.has(code) && !hasBody(request) && REPEATABLE.has(request.method ?? '');
}

/** Another instance where there is one; the same again when only a kept connection broke. */
function another({ destination }: Visit, targets: Targets, failed: Target, error: Error): Target | null {
  return targets.choose(destination, failed) ?? (BROKEN.has(codeOf(error)) ? failed : null);
}

function giveUp({ request, response, requestId }: Visit, error: Error): void {
  if (response.destroyed || response.writableEnded) return;
  if (response.headersSent) {
    // The visitor has to see that the answer is not whole.
    response.destroy();
    return;
  }
  const name: PageName = TIMED_OUT.has(codeOf(error))
    ? 'timeout'
    : NOT_SENT.has(codeOf(error))
      ? 'unavailable'
      : 'bad-gateway';
  sendPage(request, response, name, requestId);
}

/** Streams one answer; a class, since one is made per request on the hot path. */
class Answering implements Dispatcher.DispatchHandler {
  readonly #visit: Visit;
  readonly #target: Target;
  readonly #onFailure: (error: Error, answerBegan: boolean) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #left = false;
  readonly #onClose = (): void => {
    if (!this.#visit.response.writableFinished) this.#controller?.abort(new Error('the visitor has gone'));
  };

  constructor(visit: Visit, target: Target, onFailure: (error: Error, answerBegan: boolean) => void) {
    this.#visit = visit;
    this.#target = target;
    this.#onFailure = onFailure;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    const { response } = this.#visit;
    if (response.destroyed) controller.abort(new Error('the visitor has gone'));
    else response.once('close', this.#onClose);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    _headers: unknown,
    statusMessage?: string,
  ): void {
    const { response, requestId } = this.#visit;
    const raw = rawHeadersOf(controller);
    if (statusCode < 200) {
      if (statusCode === 103) earlyHints(response, raw);
      return;
    }
    response.writeHead(statusCode, statusMessage ?? '', responseHeaders(raw, requestId));
    response.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { response } = this.#visit;
    if (response.write(chunk)) return;
    controller.pause();
    response.once('drain', () => controller.resume());
  }

  onResponseEnd(
    _controller: Dispatcher.DispatchController,
    trailers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    const { response } = this.#visit;
    const names = Object.keys(trailers);
    if (names.length > 0 && response.hasHeader('trailer'))
      response.addTrailers(Object.fromEntries(names.map((name) => [name, String(trailers[name])])));
    response.end();
    this.#leave();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#leave();
    const { response } = this.#visit;
    this.#onFailure(error, response.headersSent || response.destroyed);
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#visit.response.off('close', this.#onClose);
    this.#target.leave();
  }
}

/** undici hands header bytes through; Latin-1 keeps every byte as it came. */
function rawHeadersOf({ rawHeaders }: Dispatcher.DispatchController): string[] {
  if (!Array.isArray(rawHeaders)) return [];
  return rawHeaders.map((part) => (typeof part === 'string' ? part : part.toString('latin1')));
}

function earlyHints(response: ServerResponse, raw: readonly string[]): void {
  const links = raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === 'link');
  if (links.length > 0 && !response.headersSent) response.writeEarlyHints({ link: links });
}
