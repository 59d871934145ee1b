import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText } from './cut-text.ts';
import { SwitchyardError } from './errors.ts';
import { LIMITS } from './limits.ts';

const bytesOf = (text: string): number => Buffer.byteLength(text);

describe('cutting a text', () => {
  it('leaves one that fits as it is', () => {
    expect(cutText('short', 20)).toBe('short');
    expect(cutText('äöü€', bytesOf('äöü€'))).toBe('äöü€');
  });

  it('keeps the start and the end', () => {
    const cut = cutText(`start${'-'.repeat(1_000)}end`, 40);
    expect(cut).toMatch(/^start-+ … -+end$/);
    expect(bytesOf(cut)).toBeLessThanOrEqual(40);
  });

  it('never exceeds the bytes and never cuts a character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.integer({ min: 8, max: 300 }),
        (text, maxBytes) => {
          const cut = cutText(text, maxBytes);
          expect(bytesOf(cut)).toBeLessThanOrEqual(maxBytes);
          expect(cut.includes('\ufffd')).toBe(text.includes('\ufffd'));
          const fits = bytesOf(text) <= maxBytes;
          expect(cut === text).toBe(fits);
          expect(text.startsWith(fits ? text : (cut.split(' … ')[0] ?? 'nothing'))).toBe(true);
        },
      ),
    );
  });
});

it('an error’s message has a limit', () => {
  const error = new SwitchyardError('internal', `It says ${'x'.repeat(1_000_000)}.`);
  expect(bytesOf(error.message)).toBeLessThanOrEqual(LIMITS.maxErrorMessageBytes);
  expect(error.message).toMatch(/^It says x+ … x+\.$/);
});
