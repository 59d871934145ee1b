import { randomUUID } from 'node:crypto';
import type { Log } from '@switchyard/service';
import type { Request, RequestHandler, Response } from 'express';
import { pinoHttp } from 'pino-http';
import type { ApiMetrics } from './api-metrics.ts';

const REQUEST_ID = /^[0-9A-Za-z._-]{1,64}$/;
/** What is asked for all the time and says nothing when it goes well. */
const QUIET = new Set(['/healthz', '/readyz', '/metrics']);
const STREAMS = new Set(['streamEvents', 'readLogs']);

/** One line per request, with its id (the caller's `X-Request-Id` or a new one, also in the answer); no headers, no query, no body. */
export function observeRequests(log: Log, metrics: ApiMetrics): RequestHandler[] {
  const logRequests = pinoHttp<Request, Response>({
    logger: log,
    quietReqLogger: true,
    customAttributeKeys: { reqId: 'requestId' },
    genReqId(request, response) {
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
      response.setHeader('X-Request-Id', id);
      return id;
    },
    serializers: {
      req: (request: { method: string; url: string }) => ({
        method: request.method,
        path: request.url.split('?', 1)[0],
      }),
      res: (response: { statusCode: number }) => ({ status: response.statusCode }),
    },
    customLogLevel(request, response, error) {
      if (QUIET.has(pathOf(request))) return 'debug';
      if (error !== undefined || response.statusCode >= 500) return 'warn';
      return request.method === 'GET' ? 'debug' : 'info';
    },
    // The error itself is logged once, by the problem handler.
    customErrorObject: (_request, _response, _error, line: { res: unknown; responseTime: number }) => ({
      res: line.res,
      responseTime: line.responseTime,
    }),
    customSuccessMessage: (request, response) => `${request.method} ${pathOf(request)} → ${response.statusCode}`,
    customErrorMessage: (request, response) => `${request.method} ${pathOf(request)} → ${response.statusCode}`,
  });
  const measure: RequestHandler = (request, response, next) => {
    const startedAt = performance.now();
    response.once('finish', () => {
      const operation: unknown = response.locals['operation'] ?? 'other';
      if (typeof operation !== 'string' || STREAMS.has(operation)) return;
      metrics.requests.observe(
        { operation, method: methodOf(request), code_class: `${Math.floor(response.statusCode / 100)}xx` },
        (performance.now() - startedAt) / 1_000,
      );
    });
    next();
  };
  return [logRequests as RequestHandler, measure];
}

const pathOf = (request: Request): string => request.originalUrl.split('?', 1)[0] ?? '';

/** A closed set, since anybody may send any method. */
function methodOf({ method }: Request): string {
  return ['GET', 'HEAD', 'POST', 'DELETE'].includes(method) ? method : 'other';
}
