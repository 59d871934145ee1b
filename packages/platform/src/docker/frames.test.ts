import { describe, expect, it } from 'vitest';
import { FrameReader } from './frames.ts';

function frame(text: string, stream = 1): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

describe('a stream of frames', () => {
  const whole = Buffer.concat([frame('out'), frame('', 2), frame('err\n', 2), frame('more')]);

  it('gives the payloads in order, wherever the connection cuts it', () => {
    for (let size = 1; size <= whole.length; size++) {
      const reader = new FrameReader();
      let text = '';
      for (let at = 0; at < whole.length; at += size) {
        for (const { part } of reader.read(whole.subarray(at, at + size))) text += part.toString();
      }
      expect(text, `cut every ${size} bytes`).toBe('outerr\nmore');
    }
  });

  it('says where each frame begins', () => {
    const starts = new FrameReader().read(whole).map(({ part, start }) => `${start ? '|' : ''}${part.toString()}`);
    expect(starts.join('')).toBe('|out|err\n|more');
  });

  it('passes a part on before its frame is whole', () => {
    const reader = new FrameReader();
    expect(reader.read(frame('hello').subarray(0, 10)).map(({ part }) => part.toString())).toEqual(['he']);
  });
});
