import { formatDuration } from '@switchyard/client';
import { STAGE_TRAITS, type StageName, type StageRecord } from '@switchyard/domain';
import { StatusMark, toneOf } from './status-mark.tsx';
import { STAGE_WORDS } from './words.ts';

interface StripProps {
  readonly stages: readonly StageRecord[];
  readonly now: number;
  /** The stage whose log is shown; null for all. */
  readonly selected: StageName | null;
  readonly onSelect: (stage: StageName | null) => void;
}

/** The nine stages as stations of one line. A station is a button: it shows its own part of the log. */
export function PipelineStrip({ stages, now, selected, onSelect }: StripProps) {
  return (
    <ol className="strip" aria-label="Stages">
      {stages.map((stage) => (
        <li key={stage.name} className={`station ${toneOf(stage.status)}${selected === stage.name ? ' selected' : ''}`}>
          <button
            type="button"
            aria-pressed={selected === stage.name}
            onClick={() => onSelect(selected === stage.name ? null : stage.name)}
          >
            {stage.name === 'health' && <Curve />}
            <span className="station-track" aria-hidden="true" />
            <StatusMark status={stage.status} />
            <span className="station-title">{STAGE_TRAITS[stage.name].title}</span>
            <span className="station-time">
              <span className="visually-hidden">{STAGE_WORDS[stage.status]} </span>
              {timeWords(stage, now)}
            </span>
            <span className="station-notes">
              {stage.cache?.result === 'hit' && <span className="reused">reused</span>}
              {stage.attempts.length > 1 && <span className="attempts">{stage.attempts.length} attempts</span>}
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** Up to here nothing that visitors see has changed; from `switch` on the line is the live one. */
function Curve() {
  return (
    <svg className="station-curve" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">
      <path d="M0 19C46 19 54 1 100 1" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

function timeWords({ status, startedAt, endedAt }: StageRecord, now: number): string {
  if (status === 'skipped') return 'skipped';
  if (startedAt === null) return status === 'waiting' ? 'waiting' : '';
  if (status === 'waiting') return 'again soon';
  return formatDuration(Math.max(0, (endedAt ?? now) - startedAt));
}
