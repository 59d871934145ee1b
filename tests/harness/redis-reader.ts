import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
// @boundaries-ignore the search for programs is shared with the set-up scripts, which run before any package is installed
import { findProgram } from '../../scripts/process/find-program.mjs';
import type { RedisServer } from './redis.ts';

const run = promisify(execFile);

/** One command to a test's Redis, as an operator would ask: what comes back, a line each. */
export async function askRedis(redis: RedisServer, ...command: string[]): Promise<string[]> {
  const program = findProgram('redis-cli') ?? findProgram('valkey-cli');
  if (!program) throw new Error('Neither redis-cli nor valkey-cli is installed; they come with the server.');
  const { stdout } = await run(program, ['-p', String(redis.port), ...command], {
    env: { ...process.env, REDISCLI_AUTH: redis.password },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.split('\n').filter((line) => line !== '');
}
