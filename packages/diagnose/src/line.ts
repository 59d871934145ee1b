/** A line of output. */
export class Line {
  private stripped: string | null = null;

  /** Counts from 1. */
  readonly number: number;
  /** As a person saw it: without ANSI codes, of a redrawn line the last state. */
  readonly text: string;

  constructor(number: number, text: string) {
    this.number = number;
    this.text = text;
  }

  /** Without what CI systems, builders and package managers put in front: what the failing program itself said. */
  get bare(): string {
    this.stripped ??= withoutPrefixes(this.text);
    return this.stripped;
  }
}

/** Prefixes nest: a clock before a build step before a workspace's name before npm. */
const MAX_PREFIXES = 5;

/** Words in brackets that are part of a message and no process's name. */
const SCRIPTS =
  '(?:pre|post)?(?:build|install|start|serve|prepare|migrate|test|lint|compile|typecheck|generate|dev|check|deploy)[\\w:.-]{0,30}';

const CLOCKS: readonly RegExp[] = [
  /^\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?(?:\s|$)/,
  /^\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?:\s+|$)/,
  /^\d{1,5}\.\d{1,4}(?: (?=\S)|$)/,
];
const BRACKETS: readonly RegExp[] = [
  /^\[\d\d:\d\d:\d\d(?:\.\d+)?\]\s*/,
  /^\[\d{4}-\d\d-\d\dT[\d:.]{8,15}Z?\]\s*/,
  /^\[\d{1,3}\] (?=\S)/,
  /^\[@?[\w.-]{1,60}(?:\/[\w.-]{1,60})?\]: /,
];
const LETTERS: readonly RegExp[] = [
  /^(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d \S{1,80} [\w./-]{1,60}(?:\[\d{1,9}\])?: /,
  /^(?:heroku|app)\[[\w.-]{1,40}\]: /,
  /^npm (?:ERR!|error|WARN|warn)(?: |$)/,
  /^remote: /,
  /^(?:error|Error) (?=Error: )/,
  /^[\w.-]{1,60}(?:\/[\w.-]{1,60})?:(?=[a-z])[\w.:-]{1,60}: /,
  new RegExp(`^(?:[\\w.@-]{1,60}/){0,8}[\\w.@-]{1,60} ${SCRIPTS}(?:\\$|:)(?: |$)`),
  /^[\w.-]{1,60}-\d{1,3}\s{1,20}\| /,
];
const SCOPES: readonly RegExp[] = [
  /^@[\w.-]{1,60}\/[\w.-]{1,60}:[\w.:-]{1,60}:(?: |$)/,
  /^@[\w.-]{1,60}\/[\w.-]{1,60}: (?=\S)/,
];
const STEPS: readonly RegExp[] = [/^#\d{1,4} (?:\d{1,5}\.\d{1,4}(?: |$))?/];
const ARROWS: readonly RegExp[] = [/^➤ (?:YN\d{4}: )?(?:[│┌└] ?)?/];
const DOTS: readonly RegExp[] = [new RegExp(`^\\. ${SCRIPTS}(?:\\$|:)(?: |$)`)];

/** Which prefixes can begin with a character: most lines begin with none. */
function prefixesOf(first: number): readonly RegExp[] | null {
  if (first >= 48 && first <= 57) return CLOCKS;
  if (first === 35) return STEPS;
  if (first === 91) return BRACKETS;
  if (first === 64) return SCOPES;
  if (first === 46) return DOTS;
  if (first === 0x27a4) return ARROWS;
  if ((first >= 65 && first <= 90) || (first >= 97 && first <= 122)) return LETTERS;
  return null;
}

function withoutPrefixes(text: string): string {
  let bare = text;
  for (let round = 0; round < MAX_PREFIXES; round++) {
    const before = bare;
    for (const prefix of prefixesOf(bare.charCodeAt(0)) ?? []) bare = bare.replace(prefix, '');
    if (bare === before) break;
  }
  return bare;
}
