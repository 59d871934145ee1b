import { ApiError } from '@switchyard/client';
import { z } from 'zod';
import { CommandError } from './command-error.ts';
import type { Colors } from './text.ts';

/** What went wrong and what to do, in a line or a few. */
export function explain(error: unknown, colors: Colors): string {
  const head = colors.red(colors.bold('error'));
  if (error instanceof CommandError) return `${head} ${error.message}`;
  if (error instanceof ApiError)
    return `${head} ${[error.problem.detail, ...fieldLines(error), hint(error)].filter((line) => line !== '').join('\n')}`;
  if (error instanceof z.ZodError)
    return `${head} The api answered something that this command does not understand; are both of the same version?`;
  return `${head} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function fieldLines({ problem }: ApiError): string[] {
  return (problem.errors ?? []).map(({ path, message }) => `  ${path}: ${message}`);
}

function hint({ code, retryAfterMs }: ApiError): string {
  if (code === 'unreachable') return 'Start it with `npm start`, or set SWITCHYARD_URL to where it runs.';
  if (code === 'unauthenticated')
    return 'The token is not this installation’s. SWITCHYARD_TOKEN_FILE or SWITCHYARD_TOKEN give another one.';
  return retryAfterMs === null ? '' : `Try again in ${Math.ceil(retryAfterMs / 1_000)} s.`;
}
