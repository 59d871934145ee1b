import { Line } from './line.ts';
import { TextIndex } from './text-index.ts';

export type { Line } from './line.ts';

export interface Output {
  readonly lines: readonly Line[];
  /** All lines in lower case, joined by line ends. */
  readonly lowerCase: string;
  /** Indices of lines that hold one of some lower-case texts, ascending; of many the first and the last ones. */
  readonly linesWith: (texts: readonly string[]) => readonly number[];
}

/** Longer lines are cut for matching: what tells is at the start or at the very end. */
const MAX_LINE_LENGTH = 2_000;
const KEPT_TAIL = 400;

// Escape sequences are made of control characters.
// oxlint-disable-next-line no-control-regex
const SEQUENCES = /\u001b\[[0-9;:?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?|\u001b[@-Z\\^_]/g;
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
const ALL_CONTROLS = new RegExp(CONTROLS, 'g');

/** Reads raw output into lines. Linear in its length. */
export function readOutput(raw: string): Output {
  const coloured = raw.includes('\u001b') ? raw.replace(SEQUENCES, '') : raw;
  const clean = CONTROLS.test(coloured) ? coloured.replace(ALL_CONTROLS, '') : coloured;
  const redrawn = clean.includes('\r');
  const lines = clean
    .split('\n')
    .map((line, index) => new Line(index + 1, shortened(redrawn ? lastState(line) : line.trimEnd())));
  const index = new TextIndex(lines.map(({ text }) => text));
  return { lines, lowerCase: index.text, linesWith: (texts) => index.linesWith(texts) };
}

/** Of a line that was drawn over with carriage returns: what stands there in the end. */
function lastState(line: string): string {
  const state = line.includes('\r') ? (line.split('\r').findLast((part) => part.trim() !== '') ?? '') : line;
  return state.trimEnd();
}

function shortened(text: string): string {
  if (text.length <= MAX_LINE_LENGTH) return text;
  return `${text.slice(0, MAX_LINE_LENGTH - KEPT_TAIL)} … ${text.slice(-KEPT_TAIL)}`;
}
