import { promisify } from 'node:util';
import { LIMITS, SwitchyardError } from '@switchyard/domain';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { type Caller, callerOf, refuseTeams, requireCaller } from './authentication.ts';
import { answerOnce, takesIdempotencyKey } from './idempotency.ts';
import { ARCHIVE_BODY, NO_BODY, type Operation, RAW_BODY } from './operation.ts';
import type { ApiParts } from './parts.ts';
import { storeOfTeam } from './store-of-team.ts';

const json: RequestHandler = express.json({ limit: LIMITS.maxJsonBodyBytes, strict: false });

/** Puts every operation on its route; other methods of the same path are answered with 405. */
export function mountOperations(app: Express, operations: readonly Operation[], parts: ApiParts): void {
  for (const path of new Set(operations.map((operation) => operation.path))) {
    const here = operations.filter((operation) => operation.path === path);
    const route = app.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    for (const operation of here) route[operation.method](answer(operation, parts));
    route.all(refuseMethod(here, parts));
  }
}

function refuseMethod(here: readonly Operation[], parts: ApiParts): RequestHandler {
  const allowed = allowedMethods(here);
  return async (request, response) => {
    if (here.every(needsCaller)) await requireCaller(request, parts.sessions, parts.settings.publicUrl);
    response.set('Allow', allowed);
    throw new SwitchyardError('method-not-allowed', `${request.method} is not allowed here; ${allowed} is.`);
  };
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
    const caller = await callerFor(operation, request, parts);
    const isReadHere = ![NO_BODY, RAW_BODY, ARCHIVE_BODY].some((kind) => kind === operation.body);
    const body = !isReadHere ? undefined : await readBody(request, response);
    const { params, query } = request;
    const respond = (once: string | null) =>
      operation.respond({ params, query, body, caller, once, request, response }, partsFor(caller, parts));
    if (takesIdempotencyKey(operation)) await answerOnce({ request, response, body, caller }, parts, respond);
    else await respond(null);
  };
}

const needsCaller = ({ access }: Operation): boolean => access === 'token' || access === 'operator';

async function callerFor(operation: Operation, request: Request, parts: ApiParts): Promise<Caller | null> {
  if (operation.access === 'none') return null;
  if (operation.access === 'optional') return await callerOf(request, parts.sessions).catch(nobodyWithoutRedis);
  const caller = await requireCaller(request, parts.sessions, parts.settings.publicUrl);
  if (operation.access === 'operator') refuseTeams(caller);
  return caller;
}

/** Whose token it is can't be known; what is shown to everybody still can be. */
function nobodyWithoutRedis(error: unknown): null {
  if (error instanceof SwitchyardError && error.code === 'redis-unavailable') return null;
  throw error;
}

/** The one place where it is decided what a team's token shows: every operation gets its records from here. */
function partsFor(caller: Caller | null, parts: ApiParts): ApiParts {
  return caller === null || caller.team === null ? parts : { ...parts, store: storeOfTeam(parts.store, caller.team) };
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
