import type { IncomingMessage, ServerResponse } from 'node:http';
import { hasBody } from './headers.ts';
import { type PageName, writePage } from './pages.ts';
import { VisitorBody } from './visitor-body.ts';

/** The state of the server that all visits share. */
export interface Doors {
  /** The router is stopping: connections are not kept. */
  closing: boolean;
}

export interface VisitFacts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Path and query. */
  readonly path: string;
  readonly requestId: string;
  readonly remoteAddress: string;
  readonly doors: Doors;
  /** The visitor waits to be told before it sends the body. */
  readonly expectsContinue: boolean;
}

/** How long the rest of a body that nobody wants may go on coming after its request was answered. */
const UNWANTED_BODY_MS = 5_000;

/** One request of a visitor, from its head to the end of its answer. */
export class Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly requestId: string;
  readonly remoteAddress: string;
  readonly doors: Doors;
  readonly body: VisitorBody | null;
  /** Set while an instance works on it: ends that. */
  abort: ((reason: Error) => void) | null = null;
  #isOver = false;

  constructor({ request, response, path, requestId, remoteAddress, doors, expectsContinue }: VisitFacts) {
    this.request = request;
    this.response = response;
    this.path = path;
    this.requestId = requestId;
    this.remoteAddress = remoteAddress;
    this.doors = doors;
    this.body = hasBody(request)
      ? new VisitorBody(request, () => {
          if (expectsContinue && !response.headersSent) response.writeContinue();
        })
      : null;
    // Whoever watches the body learns of its errors; they must not be nobody's.
    this.body?.on('error', () => undefined);
  }

  /** Nobody can be answered any more. */
  get isGone(): boolean {
    return this.#isOver || this.response.destroyed;
  }

  /** The visitor has gone, or was answered by other means: what is under way for it ends. */
  leave(): void {
    this.#isOver = true;
    this.abort?.(new Error('the visitor has gone'));
  }

  page(name: PageName): void {
    if (this.isGone || this.response.writableEnded) return;
    const close = this.doors.closing || name === 'bad-request';
    writePage(this.request, this.response, name, { requestId: this.requestId, close });
    this.finish();
  }

  /**
   * Ends the answer. What still comes of the request is read and dropped: were the connection closed before, the visitor would lose the
   * answer that it has not read yet.
   */
  finish(): void {
    const { request, response, body } = this;
    if (request.complete) {
      response.end();
      return;
    }
    body?.destroy();
    request.resume();
    if (response.shouldKeepAlive) response.end();
    const limit = setTimeout(() => response.end(() => request.socket.destroy()), UNWANTED_BODY_MS);
    request.once('close', () => clearTimeout(limit)).once('end', () => response.end());
  }
}
