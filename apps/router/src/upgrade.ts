import { request as ask, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { isNotSent } from './failure.ts';
import { requestHeaders, responseHeaders } from './headers.ts';
import { type PageName, rawPage, statusOf } from './pages.ts';
import type { Target } from './target.ts';
import type { TargetSearch } from './target-search.ts';

export interface UpgradeFacts {
  readonly request: IncomingMessage;
  readonly visitor: Duplex;
  /** Bytes that came behind the request's head. */
  readonly head: Buffer;
  readonly path: string;
  readonly remoteAddress: string;
  readonly requestId: string;
  /** Called once, when the connection has ended, with the status that the visitor got. */
  readonly onEnd: (status: number) => void;
}

function headOf(status: number, message: string, headers: readonly string[]): string {
  const lines = [`HTTP/1.1 ${status} ${message}`];
  for (let index = 0; index + 1 < headers.length; index += 2) lines.push(`${headers[index]}: ${headers[index + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/**
 * A visitor that wants another protocol on its connection (WebSocket). Where the instance agrees (101) the two are joined byte for byte
 * until either closes; any other answer is passed on and ends the connection, so that nothing that follows on it passes the router
 * unseen. It counts as in flight at its instance all the while.
 */
export class Upgrade {
  readonly #facts: UpgradeFacts;
  readonly #search: TargetSearch;
  #target: Target | null = null;
  #asking: ClientRequest | null = null;
  #instance: Duplex | null = null;
  #isOver = false;

  constructor(facts: UpgradeFacts, search: (isGone: () => boolean) => TargetSearch) {
    this.#facts = facts;
    this.#search = search(() => this.#isOver);
    facts.visitor.on('error', () => this.end(499));
    facts.visitor.on('close', () => this.end(499));
  }

  start(): void {
    this.#go(this.#search.now());
  }

  /** Answers in the router's own name. */
  refuse(name: PageName): void {
    this.#page(name);
  }

  /** Ends both sides. `status` is what is counted where nothing was answered yet. */
  end(status: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#leave();
    this.#asking?.destroy();
    this.#instance?.destroy();
    this.#facts.visitor.destroy();
    this.#facts.onEnd(status);
  }

  #go(found: Target | PageName | null): void {
    if (this.#isOver) return;
    if (found === null) void this.#search.later().then((later) => later !== null && this.#go(later));
    else if (typeof found === 'string') this.#page(found);
    else this.#ask(found);
  }

  #ask(target: Target): void {
    const { request, path } = this.#facts;
    const { host, port } = target.backend;
    this.#target = target;
    target.enter();
    try {
      const headers = requestHeaders(request, this.#facts, true);
      const asking = ask({ host, port, path, method: request.method ?? 'GET', headers, agent: false });
      this.#asking = asking;
      asking.setNoDelay(true);
      asking.setTimeout(target.timeouts.idleMs, () => this.#page('timeout'));
      asking.on('upgrade', (answer, instance, head) => this.#join(answer, instance, head, target));
      asking.on('response', (answer) => this.#passOn(answer));
      asking.on('error', (error) => this.#afterFailure(target, error));
      asking.end();
    } catch {
      this.#page('bad-request');
    }
  }

  #afterFailure(target: Target, error: Error): void {
    if (this.#isOver || this.#instance !== null) return;
    this.#leave();
    if (!isNotSent(error)) {
      this.#page('bad-gateway');
      return;
    }
    this.#search.exclude(target);
    this.#go(this.#search.now());
  }

  #join(answer: IncomingMessage, instance: Duplex, head: Buffer, target: Target): void {
    const { visitor, requestId } = this.#facts;
    this.#instance = instance;
    const headers = responseHeaders(answer.rawHeaders, requestId);
    headers.push('Connection', 'Upgrade', 'Upgrade', answer.headers.upgrade ?? '');
    visitor.write(headOf(101, answer.statusMessage ?? '', headers), 'latin1');
    if (head.length > 0) visitor.write(head);
    if (this.#facts.head.length > 0) instance.write(this.#facts.head);
    answer.socket.setTimeout(target.timeouts.idleMs, () => this.end(101));
    instance.on('error', () => this.end(101));
    instance.on('close', () => this.end(101));
    visitor.pipe(instance);
    instance.pipe(visitor);
  }

  #passOn(answer: IncomingMessage): void {
    const { visitor, requestId } = this.#facts;
    const status = answer.statusCode ?? 502;
    const headers = [...responseHeaders(answer.rawHeaders, requestId), 'Connection', 'close'];
    visitor.write(headOf(status, answer.statusMessage ?? '', headers), 'latin1');
    answer.pipe(visitor);
    answer.on('error', () => this.end(status));
    visitor.on('finish', () => this.end(status));
  }

  #page(name: PageName): void {
    if (this.#isOver) return;
    this.#facts.visitor.end(rawPage(name), 'latin1', () => this.end(statusOf(name)));
  }

  #leave(): void {
    this.#target?.leave();
    this.#target = null;
  }
}
