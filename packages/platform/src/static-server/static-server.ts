import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join, posix } from 'node:path';
import sirv from 'sirv';
import { findSiteLinks } from './site-links.ts';

export interface StaticServerOptions {
  readonly directory: string;
  /** Unknown paths without an extension get `index.html`. */
  readonly spa: boolean;
}

/** Names that hold a hash of their content, as bundlers write them: `index-BxK2a9Qz.js`, `main.3f2a9c1b.css`, `chunk_abcdef0123.mjs`. */
const HASHED =
  /[.\-_](?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{8,64}\.(?:m?js|css|woff2?|ttf|otf|png|jpe?g|gif|svg|webp|avif|ico|mp4|webm|wasm|map|json)$/;

export function cacheControl(path: string): string {
  return HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'public, max-age=0, must-revalidate';
}

function notFoundPage(directory: string): string | null {
  try {
    return readFileSync(join(directory, '404.html'), 'utf8');
  } catch {
    return null;
  }
}

function decodedPath(url: string): string {
  const path = url.split(/[?#]/, 1)[0] ?? '/';
  try {
    return posix.normalize(decodeURIComponent(path));
  } catch {
    return path;
  }
}

/** Serves the files of a directory as it is now (a release does not change), and nothing outside of it. */
export function staticServer({ directory, spa }: StaticServerOptions): Server {
  const links = findSiteLinks(directory);
  const page = links.leadsOut('/404.html') ? null : notFoundPage(directory);
  const serve = sirv(directory, {
    dev: links.any,
    dotfiles: false,
    etag: true,
    single: spa,
    extensions: ['html'],
    setHeaders: (response, path) => response.setHeader('cache-control', cacheControl(path)),
  });
  return createServer((request: IncomingMessage, response: ServerResponse) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response
        .writeHead(405, { allow: 'GET, HEAD', 'content-type': 'text/plain; charset=utf-8' })
        .end('Method not allowed\n');
      return;
    }
    response.setHeader('x-content-type-options', 'nosniff');
    const notFound = () => {
      response.setHeader('cache-control', 'no-cache');
      response.setHeader('content-type', page === null ? 'text/plain; charset=utf-8' : 'text/html; charset=utf-8');
      response.writeHead(404).end(request.method === 'HEAD' ? undefined : (page ?? 'Not found\n'));
    };
    if (links.any && links.leadsOut(decodedPath(request.url ?? '/'))) notFound();
    else serve(request, response, notFound);
  });
}
