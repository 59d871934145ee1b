import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LIMITS } from '@switchyard/domain';
import { requestHeaders } from './headers.ts';
import { rawPage } from './pages.ts';
import type { Target } from './target.ts';

const CONNECT_TIMEOUT_MS = 5_000;

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly visitor: Duplex;
  /** Bytes that came behind the request's head. */
  readonly head: Buffer;
  readonly remoteAddress: string;
  readonly requestId: string;
}

function headOf({ request, remoteAddress, requestId }: Upgrade): string {
  const headers = requestHeaders(request, { remoteAddress, requestId }, true);
  const lines = [`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/1.1`];
  for (let index = 0; index + 1 < headers.length; index += 2)
    lines.push(`${headers[index] ?? ''}: ${headers[index + 1] ?? ''}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/**
 * Connects a visitor that changes the protocol (WebSocket) with an instance, byte for byte from then on, whatever the instance answers.
 * The connection counts as in flight until either side closes it. `onEnd` is told whether the instance was reached.
 */
export function joinUpgrade(upgrade: Upgrade, target: Target, onEnd: (reached: boolean) => void): Socket {
  const { visitor, head } = upgrade;
  const { host, port } = target.backend;
  let reached = false;
  let ended = false;
  target.enter();
  const instance = connect({ host, port, timeout: CONNECT_TIMEOUT_MS });

  const end = (): void => {
    if (ended) return;
    ended = true;
    target.leave();
    if (!reached && visitor.writable) visitor.end(rawPage('bad-gateway'), 'latin1');
    else visitor.destroy();
    instance.destroy();
    onEnd(reached);
  };
  instance.once('connect', () => {
    reached = true;
    instance.setTimeout(LIMITS.requestIdleTimeoutMs);
    instance.setNoDelay(true);
    instance.write(headOf(upgrade), 'latin1');
    if (head.length > 0) instance.write(head);
    visitor.pipe(instance);
    instance.pipe(visitor);
  });
  instance.once('timeout', end);
  instance.once('error', end);
  instance.once('close', end);
  visitor.once('error', end);
  visitor.once('close', end);
  return instance;
}
