import type { ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { responseHeaders } from './headers.ts';
import type { Target } from './target.ts';
import type { Visit } from './visit.ts';

type Controller = Dispatcher.DispatchController;

const NOTHING = Buffer.alloc(0);

/** Streams an instance's answer to the visitor. A class with fields and no promises: one is made per request. */
export class Answer implements Dispatcher.DispatchHandler {
  readonly #visit: Visit;
  readonly #target: Target;
  readonly #onFailure: (error: Error) => void;
  #hasTrailers = false;
  #isOver = false;

  /** `onFailure`: the answer did not come, or not whole. */
  constructor(visit: Visit, target: Target, onFailure: (error: Error) => void) {
    this.#visit = visit;
    this.#target = target;
    this.#onFailure = onFailure;
    target.enter();
  }

  onRequestStart(controller: Controller): void {
    const visit = this.#visit;
    if (visit.isGone) controller.abort(new Error('the visitor has gone'));
    else visit.abort = (reason) => controller.abort(reason);
  }

  onResponseStart(controller: Controller, status: number, _headers: unknown, statusMessage?: string): void {
    const { response, requestId, doors } = this.#visit;
    const raw = rawHeadersOf(controller);
    if (status < 200) {
      if (status === 103) earlyHints(response, raw);
      return;
    }
    const headers = responseHeaders(raw, requestId);
    if (doors.closing) headers.push('Connection', 'close');
    this.#hasTrailers = hasTrailer(headers);
    // Throws on bytes that may not stand in a header; undici then ends the request with that error.
    response.writeHead(status, statusMessage ?? '', headers);
    // Sends the head now, in one packet with the first bytes where those came together with it. Not `flushHeaders`: that would encode
    // the head anew, and bytes above ASCII with it.
    response.write(NOTHING);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    const { response } = this.#visit;
    if (response.write(chunk)) return;
    controller.pause();
    response.once('drain', () => controller.resume());
  }

  onResponseEnd(_controller: Controller, trailers: Readonly<Record<string, string | string[] | undefined>>): void {
    const { response } = this.#visit;
    if (this.#hasTrailers) response.addTrailers(trailersOf(trailers));
    this.#leave();
    this.#visit.finish();
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.fail(error);
  }

  fail(error: Error): void {
    if (this.#isOver) return;
    this.#leave();
    this.#onFailure(error);
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#visit.abort = null;
    this.#target.leave();
  }
}

function hasTrailer(headers: readonly string[]): boolean {
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (name.length === 7 && name.toLowerCase() === 'trailer') return true;
  }
  return false;
}

/** undici hands header bytes through; Latin-1 keeps every byte as it came. */
function rawHeadersOf({ rawHeaders }: Controller): string[] {
  if (!Array.isArray(rawHeaders)) return [];
  return rawHeaders.map((part) => (typeof part === 'string' ? part : part.toString('latin1')));
}

function trailersOf(trailers: Readonly<Record<string, string | string[] | undefined>>): [string, string][] {
  return Object.entries(trailers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
}

function earlyHints(response: ServerResponse, raw: readonly string[]): void {
  const links = raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === 'link');
  if (links.length > 0 && !response.headersSent) response.writeEarlyHints({ link: links });
}
