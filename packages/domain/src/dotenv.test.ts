import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDotenv } from './dotenv.ts';

describe('a .env file', () => {
  it.each([
    ['a plain line', 'A=1', { A: '1' }],
    ['spaces around', '  A = one two  \n', { A: 'one two' }],
    ['export', 'export A=1', { A: '1' }],
    ['comments and empty lines', '# A=0\n\n  # more\nA=1 # why\nB=2', { A: '1', B: '2' }],
    ['an empty value', 'A=\nB= # nothing\nC=""', { A: '', B: '', C: '' }],
    ['a # inside of a value', 'A=pass#word', { A: 'pass#word' }],
    ['an equals sign inside of a value', 'A=b=c==', { A: 'b=c==' }],
    ['single quotes', String.raw`A='a\n # $b "c"'`, { A: String.raw`a\n # $b "c"` }],
    ['double quotes', String.raw`A="a\nb \"c\" \\ \$d" # why`, { A: 'a\nb "c" \\ $d' }],
    ['backticks', 'A=`it\'s "so"`', { A: 'it\'s "so"' }],
    ['values over several lines', 'A="one\ntwo"\nB=\'three\nfour\'', { A: 'one\ntwo', B: 'three\nfour' }],
    ['line ends of other systems', 'A=1\r\nB="2\r\n3"\r\n', { A: '1', B: '2\n3' }],
    ['a mark of UTF-8 at its beginning', '\uFEFFA=1', { A: '1' }],
    ['a later line', 'A=1\nA=2', { A: '2' }],
    ['an escape that is none', String.raw`A="C:\dir"`, { A: String.raw`C:\dir` }],
  ])('%s', (_name, text, values) => {
    expect(parseDotenv(text)).toEqual(values);
  });

  it.each([
    ['A=1\nno assignment', 2],
    ['A="open', 1],
    ["\n\nA='a' and more", 3],
    ['=1', 1],
  ])('is refused with the line that can’t be read: %j', (text, line) => {
    expect(() => parseDotenv(text)).toThrow(`Line ${line} is not of the form NAME=value.`);
  });

  it('gives every value back that was put between double quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const value = text.replaceAll('\r', '');
        const quoted = value.replace(/[\\"$]/g, String.raw`\$&`);
        expect(parseDotenv(`A="${quoted}"\nB=1`)).toEqual({ A: value, B: '1' });
      }),
    );
  });
});
