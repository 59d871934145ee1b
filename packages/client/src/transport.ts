import { ApiError, apiErrorOf } from './api-error.ts';
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

/** Sends one request. Rejects with an `ApiError` for every answer that is no success, `unreachable` when there is none. */
export type Transport = (path: string, options?: RequestOptions) => Promise<Response>;

export function createTransport(options: TransportOptions): Transport {
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const base = options.baseUrl.replace(/\/+$/, '');
  return async (path, { method = 'GET', body, stream, headers = {}, signal, accept = [] } = {}) => {
    let response: Response;
    try {
      response = await send(`${base}${path}`, {
        method,
        credentials: 'same-origin',
        headers: {
          accept: 'application/json',
          [CLIENT_HEADER]: options.kind ?? 'api',
          ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(stream === undefined ? {} : { body: stream, duplex: 'half' }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw unreachable(base);
    }
    if (response.ok || accept.includes(response.status)) return response;
    throw await apiErrorOf(response);
  };
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
