import { expect, it } from 'vitest';
import { matches, tagOf } from './entity-tags.ts';

const current = tagOf(3);

it.each(['"3"', ' "3" ', '*', ' * ', '"1", "3"', 'W/"3","3"'])(
  'If-Match: %s lets a change to "3" be made',
  (header) => {
    expect(matches(header, current)).toBe(true);
  },
);

it.each(['"4"', 'W/"3"', '"1", "2"', '""', '"33"'])('If-Match: %s does not', (header) => {
  expect(matches(header, current)).toBe(false);
});

it.each(['3', '', '"3', '*, "3"', '"3" "4"', '"a b"', ','])('If-Match: %j is refused as none', (header) => {
  expect(() => matches(header, current)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
});

it('is asked for where it is missing, with the tag to send', () => {
  expect(() => matches(undefined, current)).toThrow(
    expect.objectContaining({ code: 'precondition-required', message: expect.stringContaining('now it is "3"') }),
  );
});
