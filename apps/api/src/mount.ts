import { promisify } from 'node:util';
import { LIMITS, SwitchyardError } from '@switchyard/domain';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { callerOf, requireCaller } from './authentication.ts';
import { answerOnce, takesIdempotencyKey } from './idempotency.ts';
import { ARCHIVE_BODY, NO_BODY, type Operation, RAW_BODY } from './operation.ts';
import type { ApiParts } from './parts.ts';

const json: RequestHandler = express.json({ limit: LIMITS.maxJsonBodyBytes, strict: false });

/** Puts every operation on its route; other methods of the same path are answered with 405. */
export function mountOperations(app: Express, operations: readonly Operation[], parts: ApiParts): void {
  for (const path of new Set(operations.map((operation) => operation.path))) {
    const here = operations.filter((operation) => operation.path === path);
    const route = app.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    for (const operation of here) route[operation.method](answer(operation, parts));
    const allowed = allowedMethods(here);
    route.all((request, response) => {
      if (!here.some(({ access }) => access !== 'token'))
        requireCaller(request, parts.sessions, parts.settings.publicUrl);
      response.set('Allow', allowed);
      throw new SwitchyardError('method-not-allowed', `${request.method} is not allowed here; ${allowed} is.`);
    });
  }
}

function allowedMethods(operations: readonly Operation[]): string {
  const methods = operations.map(({ method }) => method.toUpperCase());
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', ');
}

function answer(operation: Operation, parts: ApiParts): RequestHandler {
  return async (request, response) => {
    response.locals['operation'] = operation.id;
    response.set('Cache-Control', 'no-store');
    // Before the body is read: who may not ask sends nothing.
    const caller =
      operation.access === 'token'
        ? requireCaller(request, parts.sessions, parts.settings.publicUrl)
        : callerOf(request, parts.sessions);
    const isReadHere = ![NO_BODY, RAW_BODY, ARCHIVE_BODY].some((kind) => kind === operation.body);
    const body = !isReadHere ? undefined : await readBody(request, response);
    const { params, query } = request;
    const respond = (once: string | null) =>
      operation.respond({ params, query, body, caller, once, request, response }, parts);
    if (takesIdempotencyKey(operation)) await answerOnce({ request, response, body }, parts, respond);
    else await respond(null);
  };
}

/** The JSON of a body; none counts as `{}`. */
async function readBody(request: Request, response: Response): Promise<unknown> {
  const isEmpty = request.get('transfer-encoding') === undefined && Number(request.get('content-length') ?? 0) === 0;
  if (isEmpty) return {};
  if (request.is('application/json') === false)
    throw new SwitchyardError(
      'unsupported-media-type',
      'Send the body as JSON, with the header `Content-Type: application/json`.',
    );
  await promisify(json)(request, response);
  return request.body;
}
