type Line = readonly [at: number, who: string, what: string, args?: readonly unknown[], answer?: unknown];

const LONG = 160;

/** What has happened in a run, for people; written out only when somebody wants to read it. */
export class History {
  readonly #start: number;
  readonly #lines: Line[] = [];

  constructor(start: number) {
    this.#start = start;
  }

  say(...line: Line): void {
    this.#lines.push(line);
  }

  /** `named` gives ids their names, such as `hello #3`. */
  toString(named: (text: string) => string = (text) => text): string {
    return this.#lines.map((line) => named(this.#written(line))).join('\n');
  }

  #written([at, who, what, args, answer]: Line): string {
    const when = `${((at - this.#start) / 1_000).toFixed(3).padStart(9)} s`;
    const called = args === undefined ? what : `${what}(${args.map(short).join(', ')}) → ${short(answer)}`;
    return `${when}  ${who.padEnd(12)} ${called}`;
  }
}

/** Of a record, what tells it from others. */
function short(value: unknown): string {
  if (value === undefined) return '';
  if (value instanceof Error) return `${'code' in value ? String(value.code) : value.name}: ${value.message}`;
  if (Array.isArray(value)) return `[${value.map(short).join(', ')}]`;
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const told = ['answer', 'kind', 'deploymentId', 'step', 'token', 'id', 'number', 'retryAfterMs', 'state', 'what'];
  const shown = told.flatMap((name) => {
    const member: unknown = Reflect.get(value, name);
    if (member === undefined) return [];
    return [typeof member === 'object' && member !== null ? `${name} {${short(member)}}` : `${name} ${short(member)}`];
  });
  const text = shown.length > 0 ? shown.join(' ') : JSON.stringify(value);
  return text.length > LONG ? `${text.slice(0, LONG)}…` : text;
}
