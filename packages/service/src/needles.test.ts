import { describe, expect, it } from 'vitest';
import { MASK, maskText } from './masker.ts';
import { needlesOf } from './needles.ts';

const SECRET = `p/ä "&+<'(z)!`;

/** What other languages make of it. */
const FORMS: readonly (readonly [string, string])[] = [
  ['Python’s quote', 'p/%C3%A4%20%22%26%2B%3C%27%28z%29%21'],
  ['JavaScript’s encodeURIComponent', `p%2F%C3%A4%20%22%26%2B%3C'(z)!`],
  ['Go’s QueryEscape', 'p%2F%C3%A4+%22%26%2B%3C%27%28z%29%21'],
  ['digits in small letters', `p%2f%c3%a4%20%22%26%2b%3c'(z)!`],
  ['Python’s json.dumps', String.raw`p/\u00e4 \"&+<'(z)!`],
  ['PHP’s json_encode', String.raw`p\/\u00e4 \"&+<'(z)!`],
  ['Go’s json.Marshal', String.raw`p/ä \"\u0026+\u003c'(z)!`],
  ['.NET’s JsonSerializer', String.raw`p/\u00E4 \u0022\u0026\u002B\u003C\u0027(z)!`],
  ['JSON in JSON', String.raw`p/ä \\\"&+<'(z)!`],
];

describe('the forms of a secret', () => {
  it.each(FORMS)('have that of %s', (_name, form) => {
    expect(maskText(needlesOf([SECRET]), `said: ${form}.`)).toBe(`said: ${MASK}.`);
  });

  it.each([
    [76, '\n'],
    [76, '\r\n'],
    [64, '\n'],
  ])('have base64 in lines of %i', (columns, end) => {
    const secret = 'a long secret of many words, '.repeat(7);
    const encoded = Buffer.from(`${secret}\n`)
      .toString('base64')
      .replace(new RegExp(`.{${columns}}(?=.)`, 'g'), `$&${end}`);
    const shown = maskText(needlesOf([secret]), encoded);
    // A last group that is not the secret's alone.
    expect(shown.replaceAll(MASK, '').trim().length).toBeLessThanOrEqual(8);
  });

  it('are no more than its own where nothing of it is escaped', () => {
    expect(needlesOf(['plain-secret']).filter((form) => form.includes('\\') || form.includes('%'))).toEqual([]);
  });
});
