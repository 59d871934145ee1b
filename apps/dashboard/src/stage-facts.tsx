import { formatDuration } from '@switchyard/client';
import { formatBytes, type MemoryUse, STAGE_TRAITS, type StageRecord } from '@switchyard/domain';
import { STAGE_WORDS } from './words.ts';

/** Everything the record says of one stage: state, attempts, why it ran again or was skipped, what the cache said. */
export function StageFacts({ stage, now }: { stage: StageRecord; now: number }) {
  const memory = stage.attempts[0]?.memory;
  return (
    <section className="stage-facts" aria-label={STAGE_TRAITS[stage.name].title}>
      <p>
        <strong>{STAGE_TRAITS[stage.name].title}</strong> <span className="soft">{STAGE_WORDS[stage.status]}</span>
        {stage.note !== null && stage.note !== '' && <span>{stage.note}</span>}
        {stage.cache !== null && (
          <span className="soft">
            cache {stage.cache.result}
            {stage.cache.because === null ? '' : `: ${stage.cache.because}`}
          </span>
        )}
        {stage.attempts.length === 1 && memory != null && <span className="soft">{memoryWords(memory)}</span>}
      </p>
      {stage.attempts.length > 1 && (
        <ol className="attempt-list">
          {stage.attempts.map((attempt, index) => (
            <li key={attempt.token}>
              <span>Attempt {index + 1}</span>
              <span className="soft">{attempt.result.replace('_', ' ')}</span>
              <span className="soft">{formatDuration(Math.max(0, (attempt.endedAt ?? now) - attempt.startedAt))}</span>
              {attempt.memory !== null && <span className="soft">{memoryWords(attempt.memory)}</span>}
              {attempt.note !== null && <span>{attempt.note}</span>}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function memoryWords({ peakMemoryBytes, outOfMemory, memoryLimitBytes }: MemoryUse): string {
  const limit = formatBytes(memoryLimitBytes);
  if (outOfMemory) return `out of memory at ${limit}`;
  return peakMemoryBytes === null ? '' : `peak memory ${formatBytes(peakMemoryBytes)} of ${limit}`;
}
