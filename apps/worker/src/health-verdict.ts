import { formatBytes, type HealthFailure, type ObservedInstance } from '@switchyard/domain';

export type HealthVerdict =
  | { readonly verdict: 'wait' }
  | { readonly verdict: 'healthy'; readonly note: string }
  | { readonly verdict: 'failed'; readonly failure: HealthFailure; readonly note: string };

/** An instance that has ended by itself so many times will not get well by being started again. */
const DECISIVE_EXITS = 3;

const seconds = (milliseconds: number): string => `${Math.round(milliseconds / 100) / 10} s`;

function exitText({ lastExit }: ObservedInstance): string {
  if (lastExit === null) return 'ended';
  if (lastExit.memory?.outOfMemory === true)
    return `ran out of memory (its limit is ${formatBytes(lastExit.memory.memoryLimitBytes)})`;
  return lastExit.signal === null ? `exited with ${lastExit.code ?? 'no code'}` : `was ended by ${lastExit.signal}`;
}

/** What is to be made of a new instance, as its runner sees it now. `since`: when it was asked for. */
export function judgeHealth(question: {
  observed: ObservedInstance | null;
  now: number;
  since: number;
  timeLimitMs: number;
}): HealthVerdict {
  const { observed, now, since, timeLimitMs } = question;
  const tookMs = now - since;
  if (observed?.state === 'healthy') {
    const { health } = observed;
    const answer =
      health?.path == null || health.status === null
        ? (health?.message ?? 'it answers')
        : `${health.path} answered ${health.status}`;
    return { verdict: 'healthy', note: `Healthy after ${tookMs} ms: ${sentence(answer)}` };
  }
  const exits = observed?.lastExit == null ? 0 : observed.restarts;
  if (observed !== null && exits >= DECISIVE_EXITS)
    return {
      verdict: 'failed',
      failure: 'exited',
      note: `The app ${exitText(observed)}, ${exits} times in a row.`,
    };
  if (tookMs < timeLimitMs) return { verdict: 'wait' };
  if (observed === null)
    return {
      verdict: 'failed',
      failure: 'not-started',
      note: `No runner started the app within ${seconds(timeLimitMs)}.`,
    };
  if (exits > 0 && observed.health?.failure == null)
    return { verdict: 'failed', failure: 'exited', note: `The app ${exitText(observed)}.` };
  return {
    verdict: 'failed',
    failure: observed.health?.failure ?? 'nothing-listens',
    note: `Not healthy within ${seconds(timeLimitMs)}: ${sentence(observed.health?.message ?? 'it does not listen on its port')}`,
  };
}

/** Some messages come as sentences, some as their ends. */
function sentence(words: string): string {
  return words.endsWith('.') ? words : `${words}.`;
}
