import { ApiError, apiErrorOf } from './api-error.ts';
import { pause } from './pause.ts';
import { CLIENT_HEADER, type ClientKind } from './shapes.ts';

export interface TransportOptions {
  /** Where the api is: `http://localhost:7070`, or `''` in a page that the api serves. */
  readonly baseUrl: string;
  /** The admin token. Without one the browser's session cookie counts. */
  readonly token?: string | undefined;
  readonly fetch?: typeof fetch | undefined;
  /** Who asks; deployments show it as their trigger. `api` when absent. */
  readonly kind?: ClientKind | undefined;
}

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  /** A body that is sent as it comes, instead of `body`; its type is in `headers`. */
  readonly stream?: ReadableStream<Uint8Array> | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Statuses besides 2xx that are answers and no errors. */
  readonly accept?: readonly number[];
}

/**
 * Sends one request. Rejects with an `ApiError` for every answer that is no success, `unreachable` when there is none. Where a connection
 * breaks before the answer (an api that is restarted), it is sent again: reads, and POSTs under an `Idempotency-Key`, which count once.
 */
export type Transport = (path: string, options?: RequestOptions) => Promise<Response>;

const PAUSES_MS = [200, 1_000, 3_000];

export function createTransport(options: TransportOptions): Transport {
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const base = options.baseUrl.replace(/\/+$/, '');
  return async (path, { method = 'GET', body, stream, headers = {}, signal, accept = [] } = {}) => {
    const isKeyed = method === 'POST' && stream === undefined;
    const request: RequestInit = {
      method,
      credentials: 'same-origin',
      headers: {
        accept: 'application/json',
        [CLIENT_HEADER]: options.kind ?? 'api',
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(isKeyed ? { 'idempotency-key': newKey() } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(stream === undefined ? {} : { body: stream, duplex: 'half' }),
      ...(signal === undefined ? {} : { signal }),
    };
    for (let attempt = 0; ; attempt += 1) {
      const pauseMs = isKeyed || method === 'GET' ? PAUSES_MS[attempt] : undefined;
      const response = await send(`${base}${path}`, request).catch((error: unknown) => {
        if (signal?.aborted === true) throw error;
        if (pauseMs === undefined || isRefused(error)) throw unreachable(base);
        return null;
      });
      if (response !== null && (response.ok || accept.includes(response.status))) return response;
      const problem = response === null ? null : await apiErrorOf(response);
      // Only after a broken connection: the api is still at the answer that was lost.
      const isOwn = problem?.code === 'request-in-progress' && attempt > 0;
      if (problem !== null && (!isOwn || pauseMs === undefined)) throw problem;
      await pause(pauseMs ?? 0, signal);
    }
  };
}

/** Not `randomUUID()`: pages have it only over TLS and on localhost. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Nothing listens there: sent again, it would only take longer to say so. */
function isRefused(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && ['ECONNREFUSED', 'ENOTFOUND'].includes(String(cause.code));
}

function unreachable(base: string): ApiError {
  return new ApiError({
    type: 'about:blank',
    title: 'The api does not answer',
    status: 0,
    detail: `Nothing answers at ${base === '' ? 'this address' : base}. Is Switchyard running there?`,
    code: 'unreachable',
    fault: 'transient',
  });
}
