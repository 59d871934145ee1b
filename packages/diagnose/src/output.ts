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
  /** All bare lines in lower case, for a quick look whether a rule can match at all. */
  readonly lowerCase: string;
}

/** Longer lines are cut for matching: what tells is at the start or at the very end. */
const MAX_LINE_LENGTH = 4_000;
const KEPT_TAIL = 500;

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
    const text = lastState(line.replace(SEQUENCES, '').replace(CONTROLS, ''));
    return { number: index + 1, text, bare: withoutPrefixes(text) };
  });
  return {
    lines,
    lowerCase: lines
      .map(({ bare }) => bare)
      .join('\n')
      .toLowerCase(),
  };
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
