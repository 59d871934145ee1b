import type { IncomingMessage, ServerResponse } from 'node:http';

export type PageName =
  | 'unknown-host'
  | 'verification-file'
  | 'nothing-live'
  | 'stopped'
  | 'unavailable'
  | 'bad-gateway'
  | 'timeout'
  | 'too-large'
  | 'headers-too-large'
  | 'too-slow-visitor'
  | 'bad-request';

interface Page {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

const PAGES: Readonly<Record<PageName, Page>> = {
  'unknown-host': { status: 404, title: 'Nothing here', text: 'No app answers under this address.' },
  'verification-file': {
    status: 404,
    title: 'Not from here',
    text: 'No app answers with this file. A host that leads here already is proved by its DNS record.',
  },
  'nothing-live': {
    status: 503,
    title: 'Not live yet',
    text: 'This app has no live version. It appears here as soon as a deployment has succeeded.',
  },
  stopped: {
    status: 503,
    title: 'Stopped',
    text: 'This app was stopped by its owner. It answers again when it is started.',
  },
  unavailable: { status: 503, title: 'Starting', text: 'The app is not ready to answer. Try again in a moment.' },
  'bad-gateway': { status: 502, title: 'No answer', text: 'The app closed the connection before it had answered.' },
  timeout: { status: 504, title: 'Too slow', text: 'The app did not answer in time.' },
  'too-large': { status: 413, title: 'Too large', text: 'The request is larger than this server accepts.' },
  'headers-too-large': {
    status: 431,
    title: 'Headers too large',
    text: 'The headers of the request are larger than this server accepts.',
  },
  'too-slow-visitor': { status: 408, title: 'Too slow', text: 'The request did not arrive in time.' },
  'bad-request': { status: 400, title: 'Bad request', text: 'The request could not be understood.' },
};

const html = ({ status, title, text }: Page, requestId: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${status} ${title}</title>
<style>
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-content:center;font:16px/1.6 system-ui,sans-serif;color:#1c2024;background:#fbfcfd}
main{max-width:26rem;padding:2rem}
b{font:600 .8125rem/1 ui-monospace,monospace;letter-spacing:.04em;color:#687076}
h1{font-size:1.625rem;line-height:1.2;margin:.75rem 0 .5rem;font-weight:600;letter-spacing:-.01em}
p{margin:0;color:#43484e}small{display:block;margin-top:1.5rem;color:#889096;font:.75rem ui-monospace,monospace}
@media(prefers-color-scheme:dark){body{color:#edeef0;background:#111113}p{color:#b0b4ba}}
</style></head><body><main><b>${status}</b><h1>${title}</h1><p>${text}</p><small>${requestId}</small></main></body></html>
`;

function wantsJson(request: IncomingMessage): boolean {
  const accept = request.headers.accept ?? '';
  return /application\/(?:[\w.+-]*\+)?json/.test(accept) && !accept.includes('text/html');
}

/** Writes an answer in the router's own name, to be ended by the caller: a page, or a problem document where JSON is asked for. */
export function writePage(
  request: IncomingMessage,
  response: ServerResponse,
  name: PageName,
  { requestId, close }: { requestId: string; close: boolean },
): void {
  const page = PAGES[name];
  const asJson = wantsJson(request);
  const problem = { type: `urn:switchyard:router:${name}`, title: page.title, status: page.status, detail: page.text };
  const body = asJson ? `${JSON.stringify(problem)}\n` : html(page, requestId);
  // An instance's own, where one could not be passed on.
  response.statusMessage = '';
  response.writeHead(page.status, {
    'Content-Type': asJson ? 'application/problem+json' : 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
    ...(page.status === 503 ? { 'Retry-After': '5' } : {}),
    ...(close ? { Connection: 'close' } : {}),
  });
  if (request.method !== 'HEAD') response.write(body);
}

/** The same for a connection that has no response object: an upgrade that can't be made, or bytes that are no request. */
export function rawPage(name: PageName): string {
  const { status, title, text } = PAGES[name];
  const body = `${text}\n`;
  return `HTTP/1.1 ${status} ${title}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

export const statusOf = (name: PageName): number => PAGES[name].status;
