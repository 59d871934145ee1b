import type { Fault, StageName } from '@switchyard/domain';
import type { Failure } from './failure.ts';
import type { Line, Output } from './output.ts';
import { overcomeLines } from './overcome.ts';
import { isRepeated, isWarning } from './repeated-lines.ts';

export type Details = Readonly<Record<string, string | number | boolean>>;

/** What a matched line may look at besides itself. */
export interface Sight {
  readonly output: Output;
  readonly failure: Failure;
  /** Index of the matched line. */
  readonly at: number;
  /** Bare text of the line `offset` lines away; empty beyond the ends. */
  readonly near: (offset: number) => string;
  /** The first match among the next (or, negative, previous) `within` lines, the nearest first; with 0, in the matched line itself. */
  readonly search: (pattern: RegExp, within: number) => RegExpExecArray | null;
}

export interface Pattern {
  /** Lower-case texts of which one stands in every line that the pattern matches: only such lines are tried. */
  readonly hints: readonly string[];
  /** Tried on each bare line. Linear: no nested or adjoining unbounded repetitions. */
  readonly regex: RegExp;
  /**
   * How well a match explains the failure: 90 a cause that is named beyond doubt, 70 a usual sign, 50 a consequence that hides its cause,
   * 30 hardly more than "it failed".
   */
  readonly weight: number;
  /** Values of the case. Null: it is not what it looks like. */
  readonly take?: (match: RegExpExecArray, sight: Sight) => Details | null;
  /** Also tried on lines that repeat a command. */
  readonly repeated?: true;
  /** The tool calls it a warning, and it is the cause all the same. */
  readonly warns?: true;
  /** The last match tells: what was tried again and again. */
  readonly last?: true;
}

export interface Words {
  readonly title: string;
  readonly explanation: string;
  readonly fix: string;
}

export interface Rule {
  /** Public: people and programs match on it. */
  readonly cause: string;
  readonly fault: Fault;
  /** Where it usually happens; elsewhere a match counts less. Empty: anywhere. */
  readonly stages: readonly StageName[];
  /** Elsewhere it never is the cause: the words are too common. */
  readonly onlyThere?: true;
  readonly patterns: readonly Pattern[];
  readonly words: (details: Details, failure: Failure) => Words;
}

/** A possible diagnosis. The highest score wins, then the earliest line, then the name: the order of rules means nothing. */
export interface Finding extends Words {
  readonly cause: string;
  readonly fault: Fault;
  readonly details: Details;
  readonly score: number;
  readonly evidence: readonly Line[];
}

const ELSEWHERE_PENALTY = 15;
const WARNING_PENALTY = 30;
/** What an expression may cost grows with the square of a line: of long ones it is tried on a few. */
const LONG_LINE = 200;
const MAX_LONG_LINES = 5;
/** Characters of a line that cost no more than their number; of longer ones the square counts. */
const CHEAP_LINE = 80;
/**
 * What all expressions of one diagnosis may cost together. An output of 1 MiB that holds what tools print takes about a twentieth; one that
 * is made to be slow ends here, after about a second, and what was found by then stands.
 */
const MAX_WORK = 8_000_000;

/** A Dockerfile installs and builds; what a build runs may install; what is switched to was started. */
const COVERS: Readonly<Partial<Record<StageName, readonly StageName[]>>> = {
  environment: ['install'],
  build: ['package', 'install'],
  package: ['build', 'install'],
  migrate: ['health'],
  switch: ['health'],
};

interface Match {
  readonly pattern: Pattern;
  readonly details: Details;
  readonly line: Line;
  readonly score: number;
}

/** What every rule needs of one failed attempt. */
export interface Reading {
  readonly output: Output;
  readonly failure: Failure;
  readonly isOvercome: (at: number) => boolean;
  /** The first match of an expression in a line; null also where all that may be spent is spent. */
  readonly exec: (pattern: RegExp, line: string) => RegExpExecArray | null;
}

export function reading(output: Output, failure: Failure): Reading {
  let left = MAX_WORK;
  const exec = (pattern: RegExp, line: string): RegExpExecArray | null => {
    left -= line.length <= CHEAP_LINE ? line.length : (line.length * line.length) / CHEAP_LINE;
    return left < 0 ? null : pattern.exec(line);
  };
  return { output, failure, isOvercome: overcomeLines(output), exec };
}

/** The best match of a rule, or null. */
export function applyRule(rule: Rule, given: Reading): Finding | null {
  const { stage } = given.failure;
  const covered = [stage, ...(COVERS[stage] ?? [])];
  const here = rule.stages.length === 0 || rule.stages.some((one) => covered.includes(one));
  if (rule.onlyThere === true && !here) return null;
  let best: Match | null = null;
  for (const pattern of rule.patterns) {
    const found = bestMatch(pattern, given);
    if (found !== null && (best === null || isBetter(found, best))) best = found;
  }
  if (best === null) return null;
  return {
    cause: rule.cause,
    fault: rule.fault,
    details: best.details,
    score: best.score - (here ? 0 : ELSEWHERE_PENALTY),
    evidence: [best.line],
    ...rule.words(best.details, given.failure),
  };
}

function isBetter(a: Match, b: Match): boolean {
  return a.score > b.score || (a.score === b.score && a.line.number < b.line.number);
}

/** The first line that matches (or the last, where the pattern says so); a warning only where nothing else does. */
function bestMatch(pattern: Pattern, given: Reading): Match | null {
  const { output, isOvercome, exec } = given;
  let warning: Match | null = null;
  const candidates = output.linesWith(pattern.hints);
  let long = 0;
  for (const at of pattern.last === true ? candidates.toReversed() : candidates) {
    const line = output.lines[at];
    if (line === undefined || (line.bare.length > LONG_LINE && ++long > MAX_LONG_LINES)) continue;
    const match = exec(pattern.regex, line.bare);
    if (match === null) continue;
    if (pattern.repeated !== true && isRepeated(output.lines, at)) continue;
    if (isOvercome(at)) continue;
    const details = pattern.take === undefined ? {} : pattern.take(match, sightAt(given, at));
    if (details === null) continue;
    if (pattern.warns === true || !isWarning(line)) return { pattern, details, line, score: pattern.weight };
    warning ??= { pattern, details, line, score: pattern.weight - WARNING_PENALTY };
  }
  return warning;
}

function sightAt({ output, failure, exec }: Reading, at: number): Sight {
  const near = (offset: number): string => output.lines[at + offset]?.bare ?? '';
  return {
    output,
    failure,
    at,
    near,
    search(pattern, within) {
      const away = within < 0 ? -1 : 1;
      let long = 0;
      for (let distance = within === 0 ? 0 : 1; distance <= Math.abs(within); distance += 1) {
        const line = near(away * distance);
        if (line.length > LONG_LINE && ++long > MAX_LONG_LINES) continue;
        const match = exec(pattern, line);
        if (match !== null) return match;
      }
      return null;
    },
  };
}

/** Named groups that matched, as details. */
export function groups(match: RegExpExecArray | null): Details {
  if (match === null) return {};
  return Object.fromEntries(
    Object.entries(match.groups ?? {}).filter(([, value]) => value !== undefined && value !== ''),
  );
}

/** A pattern in one line; what a match names are its details where nothing else takes them. */
export function sign(
  hints: string | readonly string[],
  regex: RegExp,
  weight: number,
  take: NonNullable<Pattern['take']> = groups,
  more: Pick<Pattern, 'repeated' | 'warns' | 'last'> = {},
): Pattern {
  return { hints: typeof hints === 'string' ? [hints] : hints, regex, weight, take, ...more };
}

/** Takes what a match names, and some fixed values. */
export function named(values: Details): NonNullable<Pattern['take']> {
  return (match) => ({ ...values, ...groups(match) });
}

/** Takes what a match names, and the first of each pattern among the lines around. */
export function withNear(
  ...around: readonly (readonly [pattern: RegExp, within: number])[]
): NonNullable<Pattern['take']> {
  return (match, { search }) => {
    const near = around.flatMap(([pattern, within]) => Object.entries(groups(search(pattern, within))));
    return { ...Object.fromEntries(near.toReversed()), ...groups(match) };
  };
}

/** `from express` where a value is there, else nothing. */
export function phrase(before: string, value: string | number | boolean | undefined, after = ''): string {
  return value === undefined ? '' : `${before}${value}${after}`;
}

/** The first match in any line that holds one of the lower-case hints. */
export function firstIn(output: Output, hints: readonly string[], pattern: RegExp): RegExpExecArray | null {
  for (const at of output.linesWith(hints)) {
    const match = pattern.exec(output.lines[at]?.bare ?? '');
    if (match !== null) return match;
  }
  return null;
}
