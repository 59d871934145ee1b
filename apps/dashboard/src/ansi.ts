/** A piece of a log line with the look that its escape sequences gave it. Colours are 0–15, or an RGB text for what has no name. */
export interface AnsiSpan {
  readonly text: string;
  readonly color: number | string | null;
  readonly background: number | string | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
}

type Look = Omit<AnsiSpan, 'text'>;
const PLAIN: Look = { color: null, background: null, bold: false, dim: false, italic: false, underline: false };

// oxlint-disable no-control-regex
/** CSI sequences; OSC sequences up to BEL or ST; other two-character escapes. */
const ESCAPE = /\u001B(?:\[([0-9;:?<=>]*)[ -/]*([@-~])|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\^_])/g;
const CONTROL = /[\u0000-\u0008\u000B-\u001F\u007F]/g;
// oxlint-enable no-control-regex

/**
 * Reads the colours of a line and drops everything else that would act on a terminal. What a progress bar redrew with carriage returns
 * is gone: the last state stays. A look that is open at the end does not reach into the next line.
 */
export function parseAnsi(line: string): AnsiSpan[] {
  const source = lastRedraw(line);
  const spans: AnsiSpan[] = [];
  let look = PLAIN;
  let from = 0;
  const push = (text: string): void => {
    const shown = text.replaceAll(CONTROL, '');
    if (shown !== '') spans.push({ text: shown, ...look });
  };
  for (const match of source.matchAll(ESCAPE)) {
    push(source.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') look = applySgr(look, match[1] ?? '');
  }
  push(source.slice(from));
  return spans;
}

function lastRedraw(line: string): string {
  const trimmed = line.replace(/\r+$/, '');
  return trimmed.slice(trimmed.lastIndexOf('\r') + 1);
}

function applySgr(look: Look, parameters: string): Look {
  const codes = parameters === '' ? [0] : parameters.split(/[;:]/).map(Number);
  let next = look;
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const extended = extendedColor(codes.slice(index + 1));
      if (extended === null) return next;
      next = code === 38 ? { ...next, color: extended.color } : { ...next, background: extended.color };
      index += extended.used;
    } else next = applyCode(next, code);
  }
  return next;
}

function applyCode(look: Look, code: number): Look {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...look, bold: true };
  if (code === 2) return { ...look, dim: true };
  if (code === 3) return { ...look, italic: true };
  if (code === 4) return { ...look, underline: true };
  // Backgrounds are drawn pale, so the plain text colour reads on each of them.
  if (code === 7) return { ...look, color: look.background, background: look.color ?? 7 };
  if (code === 22) return { ...look, bold: false, dim: false };
  if (code === 23) return { ...look, italic: false };
  if (code === 24) return { ...look, underline: false };
  if (code >= 30 && code <= 37) return { ...look, color: code - 30 };
  if (code === 39) return { ...look, color: null };
  if (code >= 40 && code <= 47) return { ...look, background: code - 40 };
  if (code === 49) return { ...look, background: null };
  if (code >= 90 && code <= 97) return { ...look, color: code - 90 + 8 };
  if (code >= 100 && code <= 107) return { ...look, background: code - 100 + 8 };
  return look;
}

/** What follows 38 or 48: `5;n` of the 256 colours, or `2;r;g;b`. */
function extendedColor(codes: readonly number[]): { color: number | string; used: number } | null {
  const [kind, first = 0, second = 0, third = 0] = codes;
  if (kind === 2) return { color: rgb(first, second, third), used: 4 };
  if (kind !== 5) return null;
  if (first < 16) return { color: first, used: 2 };
  if (first < 232) {
    const level = (value: number): number => (value === 0 ? 0 : 55 + value * 40);
    const cube = first - 16;
    return { color: rgb(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)), used: 2 };
  }
  const grey = 8 + (first - 232) * 10;
  return { color: rgb(grey, grey, grey), used: 2 };
}

function rgb(red: number, green: number, blue: number): string {
  return `rgb(${[red, green, blue].map((value) => Math.min(255, Math.max(0, Math.round(value) || 0))).join(' ')})`;
}
