import { SwitchyardError } from '@switchyard/domain';

const TAGS = /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(?:,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*)*$/;
const TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

/** The strong tag of a version of something. */
export function tagOf(version: number): string {
  return `"${version}"`;
}

/**
 * Whether a change that was sent with this `If-Match` may be made to what has the tag `current` (RFC 9110, 13.1.1). `*` means whatever is
 * there; a weak tag matches nothing, since it does not say that the bytes are the same. Throws `precondition-required` without the
 * header, `invalid-input` for one that is none.
 */
export function matches(header: string | undefined, current: string): boolean {
  if (header === undefined)
    throw new SwitchyardError(
      'precondition-required',
      `Send the header \`If-Match\` with the \`ETag\` of the settings as you know them (a GET answers it; now it is ${current}), or \`If-Match: *\` to change them whatever they are.`,
    );
  if (header.trim() === '*') return true;
  if (!TAGS.test(header))
    throw new SwitchyardError(
      'invalid-input',
      `If-Match has to be *, or entity tags in double quotes such as ${current}.`,
    );
  return [...header.matchAll(TAG)].some(([tag]) => tag === current);
}
