import { formatDuration, printable } from '@switchyard/client';
import type picocolors from 'picocolors';
import { z } from 'zod';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** A field that is not as expected is left out; the line is still one of ours. */
const maybe = <Shape extends z.ZodType>(shape: Shape) => shape.optional().catch(undefined);

/** One JSON line as `createLog` writes it. Other fields are the event's own. */
const LogLine = z.looseObject({
  level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
  time: z.string(),
  process: z.string(),
  msg: maybe(z.string()),
  stage: maybe(z.string()),
  app: maybe(z.string()),
  number: maybe(z.number()),
  deploymentId: maybe(z.string()),
  code: maybe(z.string()),
  err: maybe(z.looseObject({ message: z.string(), stack: z.string().optional() })),
  /** The request that was answered. */
  req: maybe(z.looseObject({ method: z.string() })),
  /** How a stage ended, and after how many milliseconds. */
  result: maybe(z.string()),
  ms: maybe(z.number()),
});
export type LogLine = z.infer<typeof LogLine>;

const COLUMNS = { process: 8, stage: 11 } as const;

/** null for what is no log line of ours: a stack trace, a warning of Node. */
export function parseLogLine(text: string): LogLine | null {
  if (!text.startsWith('{')) return null;
  try {
    const parsed = LogLine.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Requests that were answered well say nothing new, and debug output is for `SWITCHYARD_LOG_LEVEL=debug`, which reads better as JSON. */
export function isNoise(line: LogLine): boolean {
  if (line.level === 'trace' || line.level === 'debug') return true;
  return line.level === 'info' && (line.req?.method === 'GET' || line.req?.method === 'HEAD');
}

export interface LineContext {
  readonly colors: Colors;
  /** `hello #1`, where a deployment is known by name. */
  readonly nameOf: (deploymentId: string) => string | undefined;
}

/** `12:03:04 worker   build      hello #1  message`, coloured by how grave it is. */
export function formatLogLine(line: LogLine, { colors, nameOf }: LineContext): string {
  const name =
    line.app === undefined || line.number === undefined
      ? nameOf(line.deploymentId ?? '')
      : `${line.app} #${line.number}`;
  const subject = name ?? line.app;
  const head = formatHead({ at: new Date(line.time), process: line.process, stage: line.stage ?? '' }, colors);
  return `${head}${subject === undefined ? '' : `${colors.bold(subject)}  `}${graded(line, textOf(line), colors)}`;
}

export function formatHead(
  { at, process, stage }: { at: Date; process: string; stage: string },
  colors: Colors,
): string {
  return `${colors.dim(clockTime(at))} ${colors.cyan(process.padEnd(COLUMNS.process))} ${stage === '' ? '' : `${stage.padEnd(COLUMNS.stage)} `}`;
}

/** A line that is no JSON, under the name of its process. */
export function formatPlainLine(text: string, process: string, at: Date, colors: Colors): string {
  return `${formatHead({ at, process, stage: '' }, colors)}${colors.dim(printable(text))}`;
}

function textOf(line: LogLine): string {
  if (line.stage !== undefined && line.result !== undefined && line.ms !== undefined)
    return `${line.result.replace('_', ' ')} after ${formatDuration(line.ms)}`;
  const parts = [line.msg, line.err !== undefined && line.err.message !== line.msg ? line.err.message : undefined];
  const text = parts.filter((part) => part !== undefined && part !== '').join(': ');
  const stack = line.level === 'fatal' && line.code === undefined ? line.err?.stack : undefined;
  return printable(stack === undefined ? text : `${text}\n${stack}`);
}

function graded(line: LogLine, text: string, colors: Colors): string {
  if (line.level === 'warn') return `${colors.yellow('warning')} ${colors.yellow(text)}`;
  if (line.level === 'error' || line.level === 'fatal')
    return `${colors.red(colors.bold('error'))} ${colors.red(text)}`;
  return line.result === 'failed' || line.result === 'timed_out' ? colors.red(text) : text;
}

function clockTime(at: Date): string {
  if (Number.isNaN(at.getTime())) return '--:--:--';
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
