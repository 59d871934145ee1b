/** What went wrong between the router and an instance, told apart by the codes of Node and undici. */

/** Nothing of the request has reached the instance. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'UND_ERR_CONNECT_TIMEOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
]);
/** The connection broke; the instance may have seen the request. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
const TIMED_OUT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

export const codeOf = (error: Error): string => ('code' in error ? String(error.code) : '');
export const isNotSent = (error: Error): boolean => NOT_SENT.has(codeOf(error));
export const isBroken = (error: Error): boolean => BROKEN.has(codeOf(error));
export const isTimeout = (error: Error): boolean => TIMED_OUT.has(codeOf(error));
