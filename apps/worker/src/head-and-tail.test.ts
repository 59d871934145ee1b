import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesOf, HeadAndTail } from './head-and-tail.ts';

it('holds the first and last bytes, in whole lines and in order, and counts what is gone', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 12 }), { maxLength: 60 }),
      fc.nat(80),
      fc.nat(80),
      (texts, head, tail) => {
        const kept = new HeadAndTail(head, tail);
        const lines = texts.map((text, index) => ({ number: index + 1, text }));
        for (const line of lines) kept.push(line);
        const size = (some: readonly { text: string }[]): number =>
          some.reduce((sum, { text }) => sum + bytesOf(text), 0);
        expect(size(kept.head)).toBeLessThanOrEqual(head);
        expect(size(kept.tail)).toBeLessThanOrEqual(tail);
        expect(kept.head).toEqual(lines.slice(0, kept.head.length));
        expect(kept.tail).toEqual(lines.slice(lines.length - kept.tail.length));
        expect(kept.head.length + kept.omittedLines + kept.tail.length).toBe(lines.length);
        expect(size(kept.head) + kept.omittedBytes + size(kept.tail)).toBe(size(lines));
      },
    ),
  );
});
