import type { DeploymentStatus, StageStatus } from '@switchyard/domain';

const TONES: Readonly<Record<DeploymentStatus | StageStatus, string>> = {
  queued: 'idle',
  pending: 'idle',
  waiting: 'wait',
  running: 'busy',
  cancelling: 'wait',
  succeeded: 'good',
  skipped: 'skip',
  failed: 'bad',
  timed_out: 'bad',
  cancelled: 'skip',
  superseded: 'skip',
};

export function toneOf(status: DeploymentStatus | StageStatus): string {
  return TONES[status];
}

const SHAPES: Readonly<Record<string, string>> = {
  good: 'M4.5 8.4 7 10.9 11.6 5.6',
  bad: 'M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4',
  skip: 'M5 8h6',
  wait: 'M8 5v3.2l2 1.6',
};

/** A disc with a sign for the state; colour is never the only difference. */
export function StatusMark({ status }: { status: DeploymentStatus | StageStatus }) {
  const tone = toneOf(status);
  const shape = SHAPES[tone];
  return (
    <svg className={`status-mark ${tone}`} viewBox="0 0 16 16" aria-hidden="true">
      <circle className="disc" cx="8" cy="8" r="6.75" />
      {tone === 'busy' && <circle className="turning" cx="8" cy="8" r="6.75" pathLength="100" />}
      {shape !== undefined && <path className="sign" d={shape} />}
    </svg>
  );
}
