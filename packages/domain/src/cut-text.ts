const MARK = ' … ';

/**
 * A text of at most `maxBytes` UTF-8 bytes: the middle goes, with a mark, since the start says what it is about and the end what became
 * of it. No character is cut in half. `maxBytes` leaves room for the mark.
 */
export function cutText(text: string, maxBytes: number): string {
  // A UTF-16 unit takes at most three bytes.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxBytes) return text;
  const room = maxBytes - new TextEncoder().encode(MARK).length;
  const head = startOfCharacter(bytes, Math.ceil(room / 2));
  const tail = endOfCharacter(bytes, bytes.length - Math.floor(room / 2));
  const decoder = new TextDecoder();
  return `${decoder.decode(bytes.subarray(0, head))}${MARK}${decoder.decode(bytes.subarray(tail))}`;
}

const isContinuation = (byte: number | undefined): boolean =>
  byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;

function startOfCharacter(bytes: Uint8Array, at: number): number {
  let index = at;
  while (isContinuation(bytes[index])) index -= 1;
  return index;
}

function endOfCharacter(bytes: Uint8Array, at: number): number {
  let index = at;
  while (isContinuation(bytes[index])) index += 1;
  return index;
}
