/** A line of output, in three forms. */
export interface Line {
  /** Counts from 1. */
  readonly number: number;
  /** As a person saw it: without ANSI codes, of a redrawn line the last state. */
  readonly text: string;
  /** Without what CI systems, builders and package managers put in front: what the failing program itself said. */
  readonly bare: string;
}

export interface Output {
  readonly lines: readonly Line[];
  /** All bare lines in lower case, joined by line ends. */
  readonly lowerCase: string;
  /** Indices of the lines that hold one of some lower-case texts, ascending. */
  readonly linesWith: (texts: readonly string[]) => readonly number[];
}

/** Longer lines are cut for matching: what tells is at the start or at the very end. */
const MAX_LINE_LENGTH = 4_000;
const KEPT_TAIL = 500;
/** Lines that one pattern is tried on: what repeats more often is told by its first ones. */
const MAX_CANDIDATES = 2_000;

// Escape sequences are made of control characters.
// oxlint-disable-next-line no-control-regex
const SEQUENCES = /\u001b\[[0-9;:?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[@-Z\\^_]/g;
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

const PREFIXES: readonly RegExp[] = [
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?\s/,
  /^\[?\d\d:\d\d:\d\d(?:\.\d+)?\]?\s+/,
  /^#\d+ (?:\d+\.\d+ )?/,
  /^\d+\.\d+ (?=\S)/,
  /^(?:@[\w.-]+\/)?[\w.-]+:[\w:.-]+: /,
  /^(?:[\w.@-]+\/)*[\w.@-]+ (?:pre|post)?(?:build|install|start|prepare|migrate|test)(?:\$|:) /,
  /^npm (?:ERR!|error|WARN|warn) ?/,
  /^➤ YN\d{4}: (?:[│┌└] ?)?/,
  /^(?:error|Error) (?=Error: )/,
];

/** Reads raw output into lines. Linear in its length. */
export function readOutput(raw: string): Output {
  const lines = raw.split('\n').map((line, index): Line => {
    const text = lastState(withoutControls(line));
    return { number: index + 1, text, bare: withoutPrefixes(text) };
  });
  const lower = lines.map(({ bare }) => bare.toLowerCase());
  const starts: number[] = [];
  let length = 0;
  for (const line of lower) {
    starts.push(length);
    length += line.length + 1;
  }
  const lowerCase = lower.join('\n');
  return { lines, lowerCase, linesWith: (texts) => linesWith(texts, lowerCase, starts) };
}

function linesWith(texts: readonly string[], lowerCase: string, starts: readonly number[]): number[] {
  const found = new Set<number>();
  for (const text of texts) {
    let at = lowerCase.indexOf(text);
    let line = 0;
    while (at >= 0 && found.size < MAX_CANDIDATES) {
      line = lineAt(at, starts, line);
      found.add(line);
      const next = starts[line + 1];
      at = next === undefined ? -1 : lowerCase.indexOf(text, next);
    }
  }
  return [...found].toSorted((a, b) => a - b);
}

/** The line that holds an offset, looked for from `from` on. */
function lineAt(offset: number, starts: readonly number[], from: number): number {
  let low = from;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? Number.POSITIVE_INFINITY) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function withoutControls(line: string): string {
  const text = line.includes('\u001b') ? line.replace(SEQUENCES, '') : line;
  return text.replace(CONTROLS, '');
}

/** Of a line that was drawn over with carriage returns: what stands there in the end. */
function lastState(line: string): string {
  const state = line.includes('\r') ? (line.split('\r').findLast((part) => part.trim() !== '') ?? '') : line;
  const text = state.trimEnd();
  if (text.length <= MAX_LINE_LENGTH) return text;
  return `${text.slice(0, MAX_LINE_LENGTH - KEPT_TAIL)} … ${text.slice(-KEPT_TAIL)}`;
}

function withoutPrefixes(text: string): string {
  let bare = text;
  for (const prefix of PREFIXES) bare = bare.replace(prefix, '');
  return bare;
}
