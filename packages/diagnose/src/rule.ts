import type { Fault, StageName } from '@switchyard/domain';
import type { Failure } from './failure.ts';
import type { Line, Output } from './output.ts';

export type Details = Readonly<Record<string, string | number | boolean>>;

/** What a matched line may look at besides itself. */
export interface Sight {
  readonly output: Output;
  readonly failure: Failure;
  /** Index of the matched line. */
  readonly at: number;
  /** Bare text of the line `offset` lines away; empty beyond the ends. */
  readonly near: (offset: number) => string;
  /** The first match among the next (or, negative, previous) `within` lines, the nearest first. */
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

/** The best match of a rule, or null. */
export function applyRule(rule: Rule, output: Output, failure: Failure): Finding | null {
  const here = rule.stages.length === 0 || rule.stages.includes(failure.stage);
  if (rule.onlyThere === true && !here) return null;
  let best: { pattern: Pattern; details: Details; line: Line } | null = null;
  for (const pattern of rule.patterns) {
    if (best !== null && pattern.weight <= best.pattern.weight) continue;
    const found = firstMatch(pattern, output, failure);
    if (found !== null) best = { pattern, ...found };
  }
  if (best === null) return null;
  return {
    cause: rule.cause,
    fault: rule.fault,
    details: best.details,
    score: best.pattern.weight - (here ? 0 : ELSEWHERE_PENALTY),
    evidence: [best.line],
    ...rule.words(best.details, failure),
  };
}

function firstMatch(pattern: Pattern, output: Output, failure: Failure): { details: Details; line: Line } | null {
  for (const at of output.linesWith(pattern.hints)) {
    const line = output.lines[at];
    const match = line === undefined ? null : pattern.regex.exec(line.bare);
    if (line === undefined || match === null) continue;
    const details = pattern.take === undefined ? {} : pattern.take(match, sightAt(output, failure, at));
    if (details !== null) return { details, line };
  }
  return null;
}

function sightAt(output: Output, failure: Failure, at: number): Sight {
  const near = (offset: number): string => output.lines[at + offset]?.bare ?? '';
  return {
    output,
    failure,
    at,
    near,
    search(pattern, within) {
      const step = Math.sign(within);
      for (let offset = step; Math.abs(offset) <= Math.abs(within); offset += step) {
        const match = pattern.exec(near(offset));
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

/** `from express` where a value is there, else nothing. */
export function phrase(before: string, value: string | number | boolean | undefined, after = ''): string {
  return value === undefined ? '' : `${before}${value}${after}`;
}

/** The first match in any line. */
export function firstIn({ lines }: Output, pattern: RegExp): RegExpExecArray | null {
  for (const { bare } of lines) {
    const match = pattern.exec(bare);
    if (match !== null) return match;
  }
  return null;
}
