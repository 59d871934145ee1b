import { type DeploymentView, diagnosisLines, formatDuration, printable } from '@switchyard/client';
import { STAGE_TRAITS, type StageRecord } from '@switchyard/domain';
import { age, type Colors, statusCell, table } from './text.ts';

/** One deployment as `status` shows it: what it is, its nine stages, and why it failed. */
export function deploymentLines(deployment: DeploymentView, nowMs: number, colors: Colors): string[] {
  const { plain, shown = plain } = statusCell(deployment.status, colors);
  const { commit } = deployment;
  const row = (name: string, value: string): string => `${colors.dim(name.padEnd(12))}${value}`;
  const took =
    deployment.startedAt === null ? '' : `  ${formatDuration((deployment.endedAt ?? nowMs) - deployment.startedAt)}`;
  return [
    `${colors.bold(`${deployment.app} #${deployment.number}`)}  ${shown}`,
    row('id', deployment.id),
    ...(commit === null
      ? []
      : [row('commit', `${commit.sha.slice(0, 7)}  ${printable(commit.message.split('\n')[0] ?? '')}`)]),
    row('started', `${age(deployment.createdAt, nowMs)}${took}`),
    ...(deployment.wait === null ? [] : [row('waits', printable(deployment.wait.text))]),
    row('page', deployment.page),
    ...(deployment.liveAt === null ? [] : [row('url', deployment.url)]),
    '',
    ...table(deployment.stages.map((stage) => stageCells(stage, nowMs, colors))),
    ...(deployment.diagnosis === null ? [] : diagnosisLines(deployment.diagnosis, colors)),
  ];
}

function stageCells(stage: StageRecord, nowMs: number, colors: Colors): { plain: string; shown?: string }[] {
  const took = stage.startedAt === null ? '' : formatDuration((stage.endedAt ?? nowMs) - stage.startedAt);
  const attempts = stage.attempts.length > 1 ? `${stage.attempts.length} attempts` : null;
  const reused = stage.cache?.result === 'hit' ? 'reused' : null;
  const note = stage.note === null ? null : printable(stage.note);
  const rest = [attempts, reused, note].filter((part) => part !== null && part !== '').join(', ');
  return [
    { plain: '  ' },
    mark(stage, colors),
    { plain: STAGE_TRAITS[stage.name].title },
    { plain: took.padStart(8), shown: colors.dim(took.padStart(8)) },
    { plain: rest, shown: colors.dim(rest) },
  ];
}

function mark({ status }: StageRecord, colors: Colors): { plain: string; shown: string } {
  const marks: Record<StageRecord['status'], [string, (text: string) => string]> = {
    pending: ['·', colors.dim],
    waiting: ['…', colors.yellow],
    running: ['▸', colors.cyan],
    succeeded: ['✓', colors.green],
    skipped: ['–', colors.dim],
    failed: ['✗', colors.red],
    cancelled: ['–', colors.yellow],
    timed_out: ['✗', colors.red],
  };
  const [plain, paint] = marks[status];
  return { plain, shown: paint(plain) };
}
