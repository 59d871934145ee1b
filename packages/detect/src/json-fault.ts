import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';

/** What the parser's codes mean to a person. */
const EXPECTED: Readonly<Record<string, string>> = {
  InvalidSymbol: 'this is no JSON value',
  InvalidNumberFormat: 'this is no number',
  PropertyNameExpected: 'a name in double quotes is expected',
  ValueExpected: 'a value is expected',
  ColonExpected: 'a colon is expected',
  CommaExpected: 'a comma is expected',
  CloseBraceExpected: 'a closing brace is expected',
  CloseBracketExpected: 'a closing bracket is expected',
  EndOfFileExpected: 'the end of the file is expected',
  InvalidCommentToken: 'JSON has no comments',
  UnexpectedEndOfString: 'the text has no closing quote',
  InvalidCharacter: 'this character has to be escaped',
  InvalidEscapeCharacter: 'there is no such escape',
};

/** Where JSON stops being JSON, counted from 1, and what was expected there. Null where there is no fault. */
export function findJsonFault(text: string): { line: number; column: number; expected: string } | null {
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
  const [first] = errors;
  if (first === undefined) return null;
  const before = text.slice(0, first.offset).split('\n');
  return {
    line: before.length,
    column: (before.at(-1) ?? '').length + 1,
    expected: EXPECTED[printParseErrorCode(first.error)] ?? 'this is not JSON',
  };
}
