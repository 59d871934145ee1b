import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MASK, Masker, maskText } from './masker.ts';
import { needlesOf } from './needles.ts';

/** The definition, done the slow way: what any needle covers, overlapping stretches together. */
function maskedSlowly(needles: readonly string[], text: string): string {
  const stretches: { from: number; to: number }[] = [];
  for (let from = 0; from < text.length; from += 1) {
    const to = Math.max(0, ...needles.filter((needle) => text.startsWith(needle, from)).map((n) => from + n.length));
    if (to === 0) continue;
    const last = stretches.at(-1);
    if (last !== undefined && from < last.to) last.to = Math.max(last.to, to);
    else stretches.push({ from, to });
  }
  let out = '';
  let at = 0;
  for (const { from, to } of stretches) {
    out += text.slice(at, from) + MASK;
    at = to;
  }
  return out + text.slice(at);
}

function inPieces(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => text.slice(from, places[index]));
}

// Few letters, so that values overlap, begin inside one another and almost match.
const word = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), minLength: 1, maxLength: 6 });

describe('a masker', () => {
  it('masks the same however the text is cut', () => {
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 4 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\n'), maxLength: 60 }),
        fc.array(fc.nat(60), { maxLength: 12 }),
        (words, text, cuts) => {
          const needles = [...new Set(words)].sort((a, b) => b.length - a.length);
          const masker = new Masker(needles);
          const out = inPieces(text, cuts).map((piece) => masker.push(piece));
          expect(out.join('') + masker.end()).toBe(maskedSlowly(needles, text));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('lets no form of a secret through', () => {
    const secret = fc.string({
      unit: fc.constantFrom('p', 'ä', '"', '\\', '&', '/', ' ', '\n'),
      minLength: 6,
      maxLength: 40,
    });
    fc.assert(
      fc.property(secret, fc.array(fc.nat(400), { maxLength: 8 }), (value, cuts) => {
        const forms = [
          value,
          Buffer.from(value).toString('base64').replace(/=+$/, ''),
          encodeURIComponent(value),
          JSON.stringify(value).slice(1, -1),
        ];
        const masker = new Masker(needlesOf([value]));
        const out = inPieces(forms.join('|'), cuts).map((piece) => masker.push(piece));
        expect(out.join('') + masker.end()).toBe(forms.map(() => MASK).join('|'));
      }),
    );
  });

  it('finds a secret inside encoded credentials', () => {
    const needles = needlesOf(['s3cr3t-password-of-ada']);
    for (const user of ['a', 'ab', 'abc', 'ada']) {
      const header = Buffer.from(`${user}:s3cr3t-password-of-ada`).toString('base64');
      const out = maskText(needles, `authorization: Basic ${header}`);
      expect(out).toContain(MASK);
      // What is left over is less than a group at each end.
      expect(out.length).toBeLessThan(`authorization: Basic ${MASK}`.length + 16);
    }
  });

  it('masks the lines of a key that is printed indented', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nshort\n-----END KEY-----';
    const out = maskText(needlesOf([key]), '  MIIEvQIBADANBgkqhkiG9w0\r\n  short');
    expect(out).toBe(`  ${MASK}\r\n  short`);
  });

  it('leaves short values alone', () => {
    expect(needlesOf(['true', '12345'])).toEqual([]);
    expect(maskText(needlesOf(['true']), 'it is true')).toBe('it is true');
  });

  it('gives out at once what cannot become a secret', () => {
    const masker = new Masker(needlesOf(['hunter22']));
    expect(masker.push('user hunt')).toBe('user ');
    expect(masker.push('ing')).toBe('hunting');
    expect(masker.push(' hunter22 done')).toBe(` ${MASK} done`);
  });
});
