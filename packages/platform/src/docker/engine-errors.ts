import { type ErrorCode, SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';

/** What dockerode throws: `statusCode` and the engine's words where the engine answered, `code` where the connection failed. */
const EngineFailure = z.object({
  message: z.string(),
  statusCode: z.number().optional(),
  code: z.string().optional(),
  json: z.unknown().optional(),
});

interface Pattern {
  readonly code: ErrorCode;
  readonly matches: RegExp;
  readonly advice: string;
}

/**
 * The engine's own words, as 20.10 to 28 write them. One list: nothing else in this folder reads a message.
 *
 * - `connect ENOENT /var/run/docker.sock`, `connect ECONNREFUSED /var/run/docker.sock`, `read ECONNRESET`, `write EPIPE`, `socket hang up`
 * - `connect EACCES /var/run/docker.sock`
 * - `write /var/lib/docker/tmp/…: no space left on device`, `Error processing tar file(exit status 1): write /app/x: no space left on device`
 * - `toomanyrequests: You have reached your pull rate limit`
 * - `Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 1.1.1.1:53: no such host`
 * - `net/http: TLS handshake timeout`, `net/http: request canceled while waiting for connection`, `context deadline exceeded`, `i/o timeout`
 * - `dial unix /run/containerd/containerd.sock: connect: connection refused: unavailable`, `transport is closing`
 */
const PATTERNS: readonly Pattern[] = [
  {
    code: 'disk-full',
    matches: /no space left on device|disk quota exceeded/i,
    advice: 'Free space where the engine keeps its data, or let it keep less (`docker system df`).',
  },
  {
    code: 'engine-refused',
    matches: /connect EACCES|permission denied while trying to connect/i,
    advice: 'Add the user of this process to the `docker` group, or point DOCKER_HOST to a socket that it may use.',
  },
  {
    code: 'engine-unavailable',
    matches:
      /connect (ENOENT|ECONNREFUSED)|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|socket hang up|containerd\.sock|transport is closing/i,
    advice: 'Start the engine (`systemctl start docker`), or set DOCKER_HOST to where it listens.',
  },
  {
    code: 'engine-unavailable',
    matches:
      /toomanyrequests|TLS handshake timeout|i\/o timeout|no such host|context deadline exceeded|request canceled/i,
    advice: 'The engine could not reach an image registry; trying again can help.',
  },
];

function read(error: unknown): z.infer<typeof EngineFailure> {
  const parsed = EngineFailure.safeParse(error);
  return parsed.success ? parsed.data : { message: String(error) };
}

/** The engine's words without dockerode's frame `(HTTP code 500) server error - … `. */
function wordsOf(message: string): string {
  return message.replace(/^\(HTTP code \d+\) (?:[a-z ]+ - )?/i, '').trim();
}

/** Nobody answers at the engine's address, or we may not ask there. */
export function isEngineGone(error: unknown): boolean {
  return /connect (ENOENT|ECONNREFUSED|EACCES)/.test(read(error).message);
}

/**
 * There is no such container, image, volume or path; also `lstat /var/lib/docker/overlay2/…/app/file/below: not a directory`, and what a
 * listing says when an image goes meanwhile: `unrecognized image ID sha256:…`.
 */
export function isMissing(error: unknown): boolean {
  const { statusCode, message } = read(error);
  return statusCode === 404 || (statusCode === 500 && /: not a directory\s*$|unrecognized image ID/.test(message));
}

/**
 * The state forbids it: `Conflict. The container name "/x" is already in use by container "…"`, `removal of container … is already in
 * progress`, `Container … is not running`, `unable to remove repository reference … container … is using its referenced image`.
 */
export function isConflict(error: unknown): boolean {
  return read(error).statusCode === 409;
}

/** It is in that state already: started, stopped. */
function isUnchanged(error: unknown): boolean {
  return read(error).statusCode === 304;
}

/**
 * What dockerode threw, as an error of the catalogue; anything else (a fault of ours) as it is. `doing` ends the sentence “The engine
 * failed at …”.
 */
export function engineError(error: unknown, doing: string): Error {
  if (error instanceof SwitchyardError) return error;
  const { message, statusCode, code } = read(error);
  const words = wordsOf(message);
  const details = statusCode === undefined ? {} : { status: statusCode };
  for (const pattern of PATTERNS) {
    if (!pattern.matches.test(message) && !pattern.matches.test(code ?? '')) continue;
    return new SwitchyardError(
      pattern.code,
      `The engine failed at ${doing}: ${words}. ${pattern.advice}`,
      details,
      error,
    );
  }
  if (statusCode === 429 || statusCode === 503) {
    return new SwitchyardError(
      'engine-unavailable',
      `The engine is busy and did not take ${doing}: ${words}.`,
      details,
      error,
    );
  }
  if (statusCode === undefined) return error instanceof Error ? error : new Error(message);
  return new SwitchyardError('engine-refused', `The engine refused ${doing}: ${words}.`, details, error);
}

/** Runs something that talks to the engine; what it throws becomes an error of the catalogue. An abort stays what it is. */
export async function withEngine<Result>(doing: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw engineError(error, doing);
  }
}

/** Takes an answer that it is not there, or is that way already, for an end reached. */
export async function unlessGone(action: Promise<unknown>): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (!isMissing(error) && !isConflict(error) && !isUnchanged(error)) throw error;
  }
}
