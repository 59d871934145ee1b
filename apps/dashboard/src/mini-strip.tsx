import type { DeploymentSummary } from '@switchyard/client';
import { STAGE_TRAITS } from '@switchyard/domain';
import { toneOf } from './status-mark.tsx';
import { STAGE_WORDS } from './words.ts';

/** The nine stages of a deployment in the list: nine short pieces of track. */
export function MiniStrip({ stages }: { stages: DeploymentSummary['stages'] }) {
  const current = stages.findLast((stage) => stage.status !== 'pending' && stage.status !== 'skipped');
  const label =
    current === undefined ? 'No stage has run' : `${STAGE_TRAITS[current.name].title}: ${STAGE_WORDS[current.status]}`;
  return (
    <span className="mini-strip" title={label}>
      <span className="visually-hidden">{label}</span>
      {stages.map((stage) => (
        <i key={stage.name} className={toneOf(stage.status)} />
      ))}
    </span>
  );
}
