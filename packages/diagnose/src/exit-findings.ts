import type { Failure } from './failure.ts';
import type { Output } from './output.ts';
import type { Finding } from './rule.ts';
import { tellingLines } from './unknown.ts';

/** What the way in which a command ended says by itself, where its output is silent. */
export function findingOfExit(failure: Failure, output: Output): Finding | null {
  const { exit, context } = failure;
  if (exit === null) return null;
  const killed = exit.signal === 'SIGKILL' || exit.code === 137;
  if (!killed) return null;
  const limit = context.memoryLimitMb;
  return {
    cause: 'out_of_memory',
    fault: 'user',
    details: { exit: exit.code ?? 137, ...(limit === undefined ? {} : { limitMb: limit }) },
    score: limit === undefined ? 45 : 65,
    title:
      limit === undefined
        ? 'The process was killed, most likely for want of memory'
        : `The process was killed at its memory limit of ${limit} MB`,
    explanation:
      'Nothing inside the process can end it with SIGKILL (exit code 137): the system does that when memory runs out.',
    fix: `Give the ${failure.stage} stage more memory, or make it need less: fewer parallel workers, smaller bundles, no source maps.`,
    evidence: tellingLines(output).slice(-2),
  };
}
