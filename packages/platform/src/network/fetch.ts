import { type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect as connectSecurely } from 'node:tls';
import { SwitchyardError } from '@switchyard/domain';
import type { Egress } from './egress.ts';

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
  /** Certificate authorities to trust, as PEM; null: the usual ones. */
  readonly certificates: string | null;
  /** Whether a redirect is gone after; all are where it is not given. Of one that is not, the redirect itself is the answer. */
  readonly follow?: (from: URL, to: URL) => boolean;
}

const MAX_REDIRECTS = 5;
const IDLE_TIMEOUT_MS = 30_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** An answer over the egress. Redirects are followed and checked like the first address; credentials do not follow to another origin. */
export async function fetchThrough(egress: Egress, address: URL, question: Question): Promise<IncomingMessage> {
  let url = address;
  let headers = { ...question.headers };
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await ask(egress, url, { ...question, headers });
    const { location } = response.headers;
    if (!REDIRECTS.has(response.statusCode ?? 0) || location === undefined) return response;
    const next = URL.canParse(location, url.href) ? new URL(location, url) : null;
    if (question.follow !== undefined && (next === null || !question.follow(url, next))) return response;
    response.resume();
    if (next === null) break;
    if (next.origin !== url.origin)
      headers = Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
    url = next;
  }
  throw new SwitchyardError('source-unreachable', `${address.host} redirects without an end, or to nowhere.`);
}

async function ask(egress: Egress, url: URL, { method, headers, body, signal, certificates }: Question) {
  const isSecure = url.protocol === 'https:';
  if (!isSecure && url.protocol !== 'http:')
    throw new SwitchyardError(
      'source-address-refused',
      `${url.protocol} is not a protocol that files are fetched over.`,
    );
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (isSecure ? 443 : 80);
  signal?.throwIfAborted();
  const socket = await egress.connect({ protocol: isSecure ? 'https:' : 'http:', host, port, signal });
  socket.setTimeout(IDLE_TIMEOUT_MS, () => socket.destroy(new Error('nothing came for too long')));
  const options: RequestOptions = {
    method,
    host,
    port,
    path: `${url.pathname}${url.search}`,
    headers: {
      host: url.host,
      connection: 'close',
      ...headers,
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    },
    ...(signal === undefined ? {} : { signal }),
    createConnection: () =>
      isSecure
        ? connectSecurely({ socket, servername: host, ...(certificates === null ? {} : { ca: certificates }) })
        : socket,
  };
  return await new Promise<IncomingMessage>((resolve, reject) => {
    const asking = (isSecure ? secureRequest : plainRequest)(options, resolve);
    asking.once('error', (error) => {
      socket.destroy();
      reject(failure(url, error));
    });
    asking.end(body);
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
}

function failure(url: URL, error: Error & { code?: string }): SwitchyardError {
  const isUntrusted = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/.test(error.code ?? '');
  return new SwitchyardError(
    isUntrusted ? 'source-tls-untrusted' : 'source-unreachable',
    `${url.host}: ${error.message}.`,
    {},
    error,
  );
}
