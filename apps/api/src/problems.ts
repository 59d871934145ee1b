import { ERRORS, type ErrorCode, LIMITS, problemOf, SwitchyardError } from '@switchyard/domain';
import type { Log } from '@switchyard/service';
import type { ErrorRequestHandler, Request, Response } from 'express';
import type { z } from 'zod';

/** Seconds after which another try makes sense. */
const RETRY_AFTER_S: Readonly<Record<number, number>> = { 429: 10, 503: 2 };

/** Answers with the error's problem document. */
export function sendProblem(
  request: Request,
  response: Response,
  error: SwitchyardError,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  const { status } = ERRORS[error.code];
  const retryAfter = error.code === 'request-in-progress' ? 1 : RETRY_AFTER_S[status];
  if (retryAfter !== undefined) response.set('Retry-After', String(retryAfter));
  if (error.code === 'unauthenticated') response.set('WWW-Authenticate', 'Bearer realm="switchyard"');
  response
    .status(status)
    .set('Cache-Control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify({ ...problemOf(error, pathOf(request)), ...extra }));
}

/** The path alone: a query may hold what should not be repeated. */
function pathOf(request: Request): string {
  return request.originalUrl.split('?', 1)[0] ?? '/';
}

export function problemHandler(log: Log): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const error = toSwitchyardError(thrown);
    if (ERRORS[error.code].fault === 'platform') log.error({ err: thrown, requestId: request.id }, 'request failed');
    // A stream that has begun can't turn into a problem: it is cut, and its reader resumes.
    if (response.headersSent) response.destroy();
    else sendProblem(request, response, error);
  };
}

/** Codes that are the api's own business when they reach it from the store. */
const INSTEAD: Partial<Record<ErrorCode, ErrorCode>> = { 'record-unreadable': 'internal' };

function toSwitchyardError(thrown: unknown): SwitchyardError {
  if (thrown instanceof SwitchyardError) {
    const instead = INSTEAD[thrown.code];
    if (instead === undefined) return thrown;
    return new SwitchyardError(instead, 'Something went wrong on our side; the api’s log says what.', {}, thrown);
  }
  const fault = bodyFault(thrown);
  if (fault !== null) return fault;
  return new SwitchyardError('internal', 'Something went wrong on our side; the api’s log says what.', {}, thrown);
}

/** What Express and its body parser throw for requests that can't be read. */
function bodyFault(thrown: unknown): SwitchyardError | null {
  if (!(thrown instanceof Error) || !('status' in thrown) || typeof thrown.status !== 'number') return null;
  const type = 'type' in thrown && typeof thrown.type === 'string' ? thrown.type : '';
  if (type === 'entity.too.large') {
    const limit = 'limit' in thrown ? Number(thrown.limit) : LIMITS.maxJsonBodyBytes;
    return new SwitchyardError('body-too-large', `The body may have ${limit} bytes at most.`);
  }
  if (type === 'entity.parse.failed') return new SwitchyardError('invalid-input', 'The body is not valid JSON.');
  if (thrown.status === 415)
    return new SwitchyardError(
      'unsupported-media-type',
      'The body’s encoding or character set is not supported; send UTF-8.',
    );
  if (thrown.status >= 400 && thrown.status < 500)
    return new SwitchyardError('invalid-input', 'The request could not be read.');
  return null;
}

/** What is wrong with a key is said inside of the issue. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_key') return issue.message;
  return issue.issues.map(({ message }) => message).join('; ');
}

/** `invalid-input` with every fault of the input, by the path of its field. */
export function invalidInput(issues: readonly z.core.$ZodIssue[]): SwitchyardError {
  const errors = issues.map((issue) => ({ path: issue.path.join('.'), message: messageOf(issue) }));
  const words = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return new SwitchyardError('invalid-input', words.join('; '), { errors });
}
