import type { HealthFailure } from '@switchyard/domain';

/** What one probe of one path saw. */
export type ProbeResult =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'not-http'; readonly message: string };

export interface HealthVerdict {
  readonly healthy: boolean;
  readonly failure: HealthFailure | null;
  readonly path: string | null;
  readonly status: number | null;
  readonly message: string;
}

/** Paths that are tried in turn when none is set. */
const GUESSED_PATHS = ['/health', '/healthz', '/'] as const;

export function pathsToProbe(path: string | null): readonly string[] {
  return path === null ? GUESSED_PATHS : [path];
}

/** Whether the next guessed path has to be asked: this one does not exist as a health path. */
export function goesOn(path: string | null, result: ProbeResult): boolean {
  return path === null && result.kind === 'answered' && result.status >= 400 && result.status < 500;
}

function explain(asked: string, result: ProbeResult): Pick<HealthVerdict, 'failure' | 'status' | 'message'> {
  switch (result.kind) {
    case 'answered':
      return { failure: 'error-status', status: result.status, message: `It answers ${result.status} on ${asked}.` };
    case 'timed-out':
      return {
        failure: 'too-slow',
        status: null,
        message: `It accepts connections but does not answer ${asked} in time.`,
      };
    case 'refused':
      return { failure: 'nothing-listens', status: null, message: 'It does not accept connections yet.' };
    case 'not-http':
      return {
        failure: 'not-http',
        status: null,
        message: `What it answers on ${asked} is not HTTP (${result.message}).`,
      };
  }
}

/**
 * Whether an instance is well, from the last probe made. A path that is set must answer 2xx or 3xx. With guessed paths, `/health` and
 * `/healthz` count when they answer 2xx or 3xx, fail at 5xx, and are passed over at 4xx; on `/` anything below 500 counts: an app that
 * serves only an API answers 404 there and is well.
 */
export function decideHealth(path: string | null, asked: string, result: ProbeResult): HealthVerdict {
  const limit = path === null && asked === '/' ? 500 : 400;
  if (result.kind === 'answered' && result.status >= 200 && result.status < limit) {
    const { status } = result;
    return { healthy: true, failure: null, path: asked, status, message: `It answers ${status} on ${asked}.` };
  }
  return { healthy: false, path: asked, ...explain(asked, result) };
}

/** Why an instance that listens on another port than it was told is used there, or is not reachable at all. */
export function wrongPortMessage(listens: number, told: number): string {
  return `It listens on ${listens}, but PORT is ${told}.`;
}
