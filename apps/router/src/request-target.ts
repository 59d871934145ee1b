import type { IncomingMessage } from 'node:http';
import { hostName } from './table.ts';

export interface RequestTarget {
  /** As the table has it; null where the request names none. */
  readonly host: string | null;
  /** Path and query. */
  readonly path: string;
}

/**
 * What a request asks for. null: two servers could understand it in two ways (a `Host` twice, or another one than its address names, or
 * no version of HTTP).
 */
export function requestTarget({
  url = '/',
  headers,
  rawHeaders,
  httpVersionMajor,
}: IncomingMessage): RequestTarget | null {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name !== undefined && name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1 || httpVersionMajor !== 1) return null;
  const host = hostName(headers.host);
  if (url.startsWith('/')) return { host, path: url };
  if (url === '*') return { host, path: url };
  // Taken apart by hand: a parsed and rebuilt address has other bytes.
  const [, authority = '', path = ''] = /^https?:\/\/([^/?#@]+)([/?][^]*)?$/i.exec(url) ?? [];
  if (authority === '' || hostName(authority) !== host) return null;
  return { host, path: path.startsWith('/') ? path : `/${path}` };
}
