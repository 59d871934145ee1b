import { type DeploymentEvent, type Diagnosis, STAGE_TRAITS, type StageName } from '@switchyard/domain';

type Paint = (text: string) => string;

/** The colours that the lines use; picocolors fits, and so does a set of functions that do nothing. */
export interface LineColors {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
}

const TITLE_WIDTH = Math.max(...Object.values(STAGE_TRAITS).map(({ title }) => title.length)) + 2;
const DURATION_WIDTH = 10;

/** Turns one deployment's events, given in order, into lines for a terminal: one per change of a stage. */
export function stageLines(colors: LineColors): (event: DeploymentEvent) => string[] {
  const startedAt = new Map<StageName, number>();
  const took = (stage: StageName, at: number): string => formatDuration(at - (startedAt.get(stage) ?? at));
  const row = (mark: string, stage: StageName, duration: string, note: string | null): string => {
    const end = note === null || note === '' ? '' : `  ${colors.dim(printable(note))}`;
    return `  ${mark} ${STAGE_TRAITS[stage].title.padEnd(TITLE_WIDTH)}${colors.dim(duration.padStart(DURATION_WIDTH))}${end}`;
  };

  return (event) => {
    switch (event.type) {
      case 'deployment.pinned': {
        const { sha, message } = event.data.commit;
        return [`  ${colors.dim(`commit ${sha.slice(0, 7)}  ${printable(message.split('\n')[0] ?? '')}`)}`];
      }
      case 'stage.started':
        startedAt.set(event.data.stage, event.at);
        return [];
      case 'stage.succeeded': {
        const { stage, cache, note } = event.data;
        const reused = cache?.result === 'hit' ? 'reused' : null;
        return [row(colors.green('✓'), stage, took(stage, event.at), [reused, note].filter(Boolean).join(', '))];
      }
      case 'stage.skipped':
        return [row(colors.dim('–'), event.data.stage, '', event.data.note)];
      case 'stage.failed': {
        const { stage, note, retryAt } = event.data;
        return [row(retryAt === null ? colors.red('✗') : colors.yellow('↻'), stage, took(stage, event.at), note)];
      }
      case 'stage.timed_out': {
        const { stage, limitMs } = event.data;
        return [
          row(colors.red('✗'), stage, took(stage, event.at), `longer than its limit of ${formatDuration(limitMs)}`),
        ];
      }
      case 'stage.lost':
        return [row(colors.yellow('↻'), event.data.stage, '', event.data.note)];
      case 'stage.cancelled':
        return [row(colors.dim('–'), event.data.stage, '', 'cancelled')];
      case 'deployment.waiting':
        return event.data.reason === 'slot' || event.data.reason === 'retry'
          ? []
          : [`  ${colors.yellow('…')} ${printable(event.data.note)}`];
      case 'deployment.decided':
        return event.data.diagnosis === null ? [] : diagnosisLines(event.data.diagnosis, colors);
      default:
        return [];
    }
  };
}

/** Title, explanation, evidence and fix, as a block of their own. */
export function diagnosisLines(diagnosis: Diagnosis, colors: LineColors): string[] {
  const evidence = diagnosis.evidence.map(({ line, text }) => {
    const at = (line === null ? '' : String(line)).padStart(5);
    return `  ${colors.dim(`${at} │`)} ${colors.yellow(printable(text))}`;
  });
  return [
    '',
    `  ${colors.red(colors.bold(diagnosis.title))} ${colors.dim(`(${diagnosis.cause}, stage ${diagnosis.stage})`)}`,
    ...indent(diagnosis.explanation),
    ...(evidence.length === 0 ? [] : ['', ...evidence]),
    '',
    `  ${colors.bold('What to do')}`,
    ...indent(diagnosis.fix),
    '',
  ];
}

/** `340 ms`, `2.1 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(durationMs: number): string {
  const rounded = Math.max(0, Math.round(durationMs));
  if (rounded < 1_000) return `${rounded} ms`;
  if (rounded < 59_950) return `${(rounded / 1_000).toFixed(1)} s`;
  const seconds = Math.round(rounded / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Text that others wrote, without what would act on the terminal. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/\u001B\[[0-9;?]*[ -/]*[@-~]/g, '').replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F]/g, '');
}

function indent(text: string): string[] {
  return printable(text)
    .split('\n')
    .map((line) => `  ${line}`);
}
