import { SwitchyardError } from './errors.ts';

const ASSIGNMENT = /^\s*(?:export\s+)?([^\s=#'"`]+)\s*=[^\S\n]*/;
const BLANK = /^[^\S\n]*(?:#[^\n]*)?(?:\n|$)/;
const QUOTED = /^(?:'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"|`([^`]*)`)[^\S\n]*(?:#[^\n]*)?(?:\n|$)/;
const PLAIN = /^([^\n]*?)(?:(?:^|[^\S\n]+)#[^\n]*|[^\S\n]*)(?:\n|$)/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };

/**
 * Reads a `.env` file: `NAME=value` lines, `export` before them, `#` comments, values in single quotes and backticks as they are, in
 * double quotes with `\n`, `\r`, `\t`, `\"`, `\\` and `\$`; quoted values may span lines. In a value without quotes a `#` begins a
 * comment only after a space. Nothing is expanded, a later line wins over an earlier one. A line that is none of this is refused with
 * its number (`invalid-input`) instead of being left out silently; what it holds is not repeated.
 */
export function parseDotenv(text: string): Record<string, string> {
  const values = new Map<string, string>();
  const whole = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const fail = (at: number): never => {
    const line = whole.slice(0, at).split('\n').length;
    throw new SwitchyardError('invalid-input', `Line ${line} is not of the form NAME=value.`, { line });
  };
  for (let at = 0; at < whole.length; ) {
    const blank = BLANK.exec(whole.slice(at))?.[0];
    if (blank !== undefined) {
      at += blank.length;
      continue;
    }
    const assignment = ASSIGNMENT.exec(whole.slice(at));
    const name = assignment?.[1];
    if (assignment === null || name === undefined) return fail(at);
    const rest = whole.slice(at + assignment[0].length);
    const isQuoted = /^['"`]/.test(rest);
    const match = (isQuoted ? QUOTED : PLAIN).exec(rest);
    if (match === null) return fail(at);
    const [taken, single, double, backtick] = match;
    values.set(name, isQuoted ? (single ?? backtick ?? unescape(double ?? '')) : (single ?? ''));
    at += assignment[0].length + taken.length;
  }
  return Object.fromEntries(values);
}

function unescape(text: string): string {
  return text.replace(/\\([\s\S])/g, (whole, letter: string) => ESCAPES[letter] ?? whole);
}
