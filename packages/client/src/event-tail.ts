import { DeploymentEvent } from '@switchyard/domain';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { z } from 'zod';
import { ApiError, parseJson } from './api-error.ts';
import { pause } from './pause.ts';
import type { Transport } from './transport.ts';

export interface TailOptions {
  /** Id of the last event that is known already; 0 (the default) starts at the first. */
  readonly after?: number | undefined;
  /** Ends the tail without an error. */
  readonly signal?: AbortSignal | undefined;
  /** `lost` when the connection broke and is tried again, `open` when events come. */
  readonly onConnection?: ((state: 'open' | 'lost') => void) | undefined;
}

const TAIL = {
  firstDelayMs: 200,
  maxDelayMs: 5_000,
  /** The api sends at least a heartbeat every 15 s: this long a silence is a dead connection. */
  silenceMs: 40_000,
} as const;

/** Events of a deployment as they happen; ends after `deployment.ended`. See `tailStream`. */
export function tailEvents(
  transport: Transport,
  path: string,
  options: TailOptions = {},
): AsyncGenerator<DeploymentEvent, void> {
  const isLast = (event: DeploymentEvent): boolean => event.type === 'deployment.ended';
  return tailStream(transport, path, { shape: DeploymentEvent, isLast }, options);
}

/**
 * Events of a stream as they happen, each once and in order, over as many connections as it takes. Throws an `ApiError` only where
 * another try cannot help (no such app or deployment, no valid token).
 */
export async function* tailStream<Event>(
  transport: Transport,
  path: string,
  kind: { readonly shape: z.ZodType<Event>; readonly isLast: (event: Event) => boolean },
  options: TailOptions = {},
): AsyncGenerator<Event, void> {
  const { signal, onConnection } = options;
  let last = options.after ?? 0;
  let failures = 0;
  const isOver = (): boolean => signal?.aborted === true;
  while (!isOver()) {
    const connection = connectionSignal(signal);
    try {
      const response = await transport(path, {
        headers: { accept: 'text/event-stream', ...(last > 0 ? { 'last-event-id': String(last) } : {}) },
        signal: connection.signal,
      });
      // The deployment ended with an event that is known already.
      if (response.status === 204) return;
      onConnection?.('open');
      for await (const message of messagesOf(response, connection.alive)) {
        const id = Number(message.id);
        // What the connection repeats, and what is no event of the deployment.
        if (!Number.isSafeInteger(id) || id <= last) continue;
        last = id;
        failures = 0;
        // An api that is newer than this client may send types it does not know; they are passed over.
        const event = kind.shape.safeParse(parseJson(message.data));
        if (!event.success) continue;
        yield event.data;
        if (kind.isLast(event.data)) return;
      }
    } catch (error) {
      if (isOver()) return;
      if (error instanceof ApiError && !mayRetry(error)) throw error;
    } finally {
      connection.end();
    }
    if (isOver()) return;
    onConnection?.('lost');
    failures += 1;
    await pause(backoffMs(failures), signal);
  }
}

function mayRetry(error: ApiError): boolean {
  return error.isTransient || error.status >= 500 || error.status === 408;
}

function backoffMs(failures: number): number {
  const ceiling = Math.min(TAIL.maxDelayMs, TAIL.firstDelayMs * 2 ** (failures - 1));
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}

/** A signal that fires with the caller's, or when the connection has been silent for too long. */
function connectionSignal(outer: AbortSignal | undefined): { signal: AbortSignal; alive: () => void; end: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  outer?.addEventListener('abort', abort, { once: true });
  let timer = setTimeout(abort, TAIL.silenceMs);
  return {
    signal: controller.signal,
    alive() {
      clearTimeout(timer);
      timer = setTimeout(abort, TAIL.silenceMs);
    },
    end() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
      controller.abort();
    },
  };
}

async function* messagesOf(response: Response, alive: () => void): AsyncGenerator<EventSourceMessage> {
  const messages: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => void messages.push(message) });
  for await (const text of textOf(response)) {
    alive();
    parser.feed(text);
    yield* messages.splice(0);
  }
}

/** The body as text. Not every browser can iterate a stream, so it is read by hand. */
export async function* textOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const piece: { done: boolean; value?: Uint8Array | undefined } = await reader.read();
      if (piece.done) break;
      const text = decoder.decode(piece.value, { stream: true });
      if (text !== '') yield text;
    }
    const rest = decoder.decode();
    if (rest !== '') yield rest;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
