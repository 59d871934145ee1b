import { formatBytes, type MemoryUse } from '@switchyard/domain';
import type { Failure } from './failure.ts';
import type { Output } from './output.ts';
import type { Finding } from './rule.ts';
import { tellingLines } from './unknown.ts';

/** What the way in which a command ended says by itself, where its output is silent. */
export function findingOfExit(failure: Failure, output: Output): Finding | null {
  const { exit, context } = failure;
  const { memory } = context;
  const isKilled = exit !== null && (exit.signal === 'SIGKILL' || exit.code === 137);
  if (memory?.outOfMemory === true) return beyondMemory(failure, memory, isKilled, output);
  if (!isKilled) return null;
  // Seen, and it was not the memory limit.
  if (memory !== undefined && memory.peakMemoryBytes !== null) return killedByOthers(failure, output);
  return {
    cause: 'out_of_memory',
    fault: 'user',
    details: { exit: exit.code ?? 137 },
    score: 45,
    title: 'The process was killed, most likely for want of memory',
    explanation:
      'Nothing inside the process can end it with SIGKILL (exit code 137): the system does that when memory runs out.',
    fix: moreMemory(failure),
    evidence: tellingLines(output).slice(-2),
  };
}

const settingOf = ({ stage }: Failure): string => `limits.${stage === 'health' ? 'run' : 'build'}.memoryMiB`;

function moreMemory(failure: Failure): string {
  return `Raise \`${settingOf(failure)}\` in switchyard.json, or make it need less: fewer parallel workers, smaller bundles, no source maps.`;
}

/** The platform saw it: no word of the output knows better, unless the command went on after the kill and failed later. */
function beyondMemory(failure: Failure, memory: MemoryUse, isKilled: boolean, output: Output): Finding {
  const limit = formatBytes(memory.memoryLimitBytes);
  const peak = memory.peakMemoryBytes === null ? '' : ` It had taken ${formatBytes(memory.peakMemoryBytes)}.`;
  return {
    cause: 'out_of_memory',
    fault: 'user',
    details: {
      ...(failure.exit === null ? {} : { exit: failure.exit.code ?? 137 }),
      limitBytes: memory.memoryLimitBytes,
      ...(memory.peakMemoryBytes === null ? {} : { peakBytes: memory.peakMemoryBytes }),
    },
    score: isKilled ? 97 : 88,
    title: `A process was killed at the memory limit of ${limit}`,
    explanation: `All processes together may have ${limit}; one was ended when they needed more.${peak}`,
    fix: moreMemory(failure),
    evidence: tellingLines(output).slice(-2),
  };
}

function killedByOthers(failure: Failure, output: Output): Finding {
  return {
    cause: 'killed',
    fault: 'user',
    details: { exit: failure.exit?.code ?? 137 },
    score: 45,
    title: 'The process was killed from outside, and not for want of memory',
    explanation: 'It ended by SIGKILL (exit code 137), and its memory limit was not reached.',
    fix: 'See in the lines below which program was killed and by what: a watchdog of its own, a script with `kill -9`, or somebody on the host.',
    evidence: tellingLines(output).slice(-2),
  };
}
