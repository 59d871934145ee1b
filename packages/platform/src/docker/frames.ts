/** Output of a container without a terminal: frames of `[stream, 0, 0, 0, length as 32 bits]` and a payload. */
const HEADER_BYTES = 8;

/** Feeds on chunks as they come off the connection, which cut frames anywhere; gives whole frames' payloads, or parts of them, in order. */
export class FrameReader {
  #header = Buffer.alloc(0);
  #left = 0;

  /** Parts of payloads in this chunk. `start` says that a frame begins with it. */
  read(chunk: Buffer): { readonly part: Buffer; readonly start: boolean }[] {
    const parts: { part: Buffer; start: boolean }[] = [];
    let rest = chunk;
    let start = false;
    while (rest.length > 0) {
      if (this.#left === 0) {
        const missing = HEADER_BYTES - this.#header.length;
        this.#header = Buffer.concat([this.#header, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (this.#header.length < HEADER_BYTES) break;
        this.#left = this.#header.readUInt32BE(4);
        this.#header = Buffer.alloc(0);
        start = true;
        continue;
      }
      const part = rest.subarray(0, this.#left);
      parts.push({ part, start });
      start = false;
      this.#left -= part.length;
      rest = rest.subarray(part.length);
    }
    return parts;
  }
}
