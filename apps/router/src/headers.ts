import type { IncomingMessage } from 'node:http';

/** Meant for the next hop alone (RFC 9110, 7.6.1), and `expect`, which this server has answered. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** Set by this router; a visitor's own are not believed. */
const OURS = new Set([
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'forwarded',
  'x-request-id',
  // Where others put the visitor's address, and what old CGI programs take for a proxy to use.
  'x-real-ip',
  'true-client-ip',
  'proxy',
]);

/** Said from end to end: a `Connection` that names them is not heard. */
const END_TO_END = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'authorization',
  'cookie',
  'set-cookie',
]);

const REQUEST_ID = /^[\w.-]{1,128}$/;

function namedByConnection(raw: readonly string[]): Set<string> | null {
  let names: Set<string> | null = null;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    if (raw[index]?.toLowerCase() !== 'connection') continue;
    names ??= new Set();
    for (const part of (raw[index + 1] ?? '').split(',')) {
      const name = part.trim().toLowerCase();
      if (!END_TO_END.has(name)) names.add(name);
    }
  }
  return names;
}

export interface Forwarding {
  readonly remoteAddress: string;
  readonly requestId: string;
}

/** The request id to use: the visitor's when it is harmless, else a new one. */
export function requestIdOf(request: IncomingMessage, make: () => string): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : make();
}

/** A request's headers for the instance, names and values in turn. `keepUpgrade` for a connection that changes its protocol. */
export function requestHeaders(
  request: IncomingMessage,
  { remoteAddress, requestId }: Forwarding,
  keepUpgrade = false,
): string[] {
  const raw = request.rawHeaders;
  const named = namedByConnection(raw);
  const headers: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || OURS.has(lower) || named?.has(lower) === true) continue;
    headers.push(name, raw[index + 1] ?? '');
  }
  if (keepUpgrade) headers.push('Connection', 'Upgrade', 'Upgrade', request.headers.upgrade ?? '');
  headers.push(
    'X-Forwarded-For',
    remoteAddress,
    'X-Forwarded-Proto',
    'http',
    'X-Forwarded-Host',
    request.headers.host ?? '',
    'X-Request-Id',
    requestId,
  );
  return headers;
}

/** An instance's headers for the visitor, names and values in turn. */
export function responseHeaders(raw: readonly string[], requestId: string): string[] {
  const named = namedByConnection(raw);
  const headers: string[] = [];
  let hasRequestId = false;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const lower = name.toLowerCase();
    if ((HOP_BY_HOP.has(lower) && lower !== 'trailer') || named?.has(lower) === true) continue;
    if (lower === 'x-request-id') hasRequestId = true;
    headers.push(name, raw[index + 1] ?? '');
  }
  if (!hasRequestId) headers.push('X-Request-Id', requestId);
  return headers;
}

/** Whether a request comes with a body: it says how long it is, or that it comes in chunks. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
