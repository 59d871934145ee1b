import { Answer } from './answer.ts';
import { codeOf, isBroken, isNotSent, isTimeout } from './failure.ts';
import { requestHeaders } from './headers.ts';
import type { PageName } from './pages.ts';
import type { Target } from './target.ts';
import type { TargetSearch } from './target-search.ts';
import type { Visit } from './visit.ts';

/** How often a request whose connection broke is made anew. A refused one is made again as long as the search finds a target. */
const MAX_BROKEN = 2;
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** Sends a visitor's request to an instance and streams the answer back. Never throws: every end is an answer. */
export function forward(visit: Visit, search: TargetSearch): void {
  go(visit, search, search.now(), 0);
}

function go(visit: Visit, search: TargetSearch, found: Target | PageName | null, broken: number): void {
  if (found === null) {
    if (!visit.isGone) void search.later().then((later) => later !== null && go(visit, search, later, broken));
  } else if (typeof found === 'string') visit.page(found);
  else attempt(visit, search, found, broken);
}

function attempt(visit: Visit, search: TargetSearch, target: Target, broken: number): void {
  const { request, body, path } = visit;
  const answer = new Answer(visit, target, (error) => afterFailure(visit, search, target, error, broken));
  try {
    target.pool.dispatch(
      { path, method: request.method ?? 'GET', headers: requestHeaders(request, visit), body },
      answer,
    );
  } catch (error) {
    // undici refuses what no instance could be asked with: a method or header that HTTP does not know.
    answer.fail(Object.assign(new Error('not a request', { cause: error }), { code: 'NOT_A_REQUEST' }));
  }
}

/**
 * A request is made again when the instance can't have acted on it (it was never sent), or when acting twice is the same as once and it
 * has no body; never once an answer has begun.
 */
function afterFailure(visit: Visit, search: TargetSearch, target: Target, error: Error, broken: number): void {
  const { request, response, body } = visit;
  if (visit.isGone || response.writableEnded) return;
  if (response.headersSent) {
    // The visitor has to see that the answer is not whole.
    response.destroy();
    return;
  }
  if (isNotSent(error) && (body === null || (body.isWhole && !body.destroyed))) {
    search.exclude(target);
    go(visit, search, search.now(), broken);
  } else if (isBroken(error) && body === null && REPEATABLE.has(request.method ?? '') && broken < MAX_BROKEN) {
    go(visit, search, search.now(), broken + 1);
  } else visit.page(pageFor(error));
}

function pageFor(error: Error): PageName {
  if (codeOf(error) === 'NOT_A_REQUEST') return 'bad-request';
  if (isTimeout(error)) return 'timeout';
  return isNotSent(error) ? 'unavailable' : 'bad-gateway';
}
