import { expect, it } from 'vitest';
import { classify } from './classify.ts';
import { RULES } from './families/index.ts';

const HINTS = [...new Set(RULES.flatMap(({ patterns }) => patterns.flatMap(({ hints }) => hints)))];

/** Every line holds as many of the words that rules look for as it has room. */
function allHints(lines: number, length: number): string {
  let next = 0;
  const line = (): string => {
    let text = '';
    while (text.length < length) text += ` ${HINTS[next++ % HINTS.length]}`;
    return text.slice(0, length);
  };
  return Array.from({ length: lines }, line).join('\n');
}

const diagnose = (output: string) =>
  classify({
    stage: 'build',
    exit: { code: 1, signal: null },
    output,
    command: 'npm run build',
    error: null,
    context: {},
  });

// About 0.3 to 1.4 s on two cores; what is looked for is an end at all.
it.each([
  ['long lines', 250, 300],
  ['more of them', 1_000, 300],
  ['a full log of short ones', 5_000, 190],
  ['longer ones', 250, 2_000],
  ['one', 1, 1_000_000],
])('an output that is made to be slow to read has an end: %s', { timeout: 30_000 }, (_name, lines, length) => {
  expect(diagnose(allHints(lines, length)).evidence.length).toBeGreaterThan(0);
});

it('looks at the matched line itself where a value stands in it, also where it does not', () => {
  expect(diagnose('exec format error').cause).toBe('platform_binary');
});
