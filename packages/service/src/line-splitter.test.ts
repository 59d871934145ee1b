import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

function linesOf(pieces: readonly string[], maxLineLength = 1_000): string[] {
  const splitter = new LineSplitter(maxLineLength);
  return [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.end()];
}

describe('lines of output', () => {
  it('are the same however the output is cut', () => {
    const output = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n'), maxLength: 8 }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(output, (pieces) => {
        expect(linesOf(pieces)).toEqual(linesOf([pieces.join('')]));
      }),
    );
  });

  it('end with LF or CRLF', () => {
    expect(linesOf(['one\r', '\ntwo\n\nthree'])).toEqual(['one', 'two', '', 'three']);
  });

  it('keep the last drawing of a progress bar', () => {
    expect(linesOf(['10 %\r50 %\r100 %\n', 'done\r\r\n', 'half\r'])).toEqual(['100 %', 'done', 'half']);
  });

  it('are cut at their limit, with a mark, and go on after it', () => {
    expect(linesOf(['abcde', 'fgh\nxy\n'], 4)).toEqual(['abcd … 4 characters of this line left out …', 'xy']);
    expect(linesOf(['abcdefgh\rxy\n'], 4)).toEqual(['xy']);
  });
});
