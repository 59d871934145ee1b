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
  if (!/^https?:\/\//i.test(url)) return url === '*' ? { host, path: url } : null;
  const { pathname, search, host: named } = URL.canParse(url) ? new URL(url) : new URL('http://./');
  return hostName(named) === host ? { host, path: `${pathname}${search}` } : null;
}
