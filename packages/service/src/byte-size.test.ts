import { describe, expect, it } from 'vitest';
import { byteSize } from './config.ts';

describe('a size of bytes', () => {
  it.each([
    ['0', 0],
    ['1024', 1_024],
    ['20GB', 20e9],
    ['20 GB', 20e9],
    ['20g', 20e9],
    ['512MiB', 512 * 1024 ** 2],
    ['1.5GiB', 1.5 * 1024 ** 3],
    ['2KB', 2_000],
    ['3TiB', 3 * 1024 ** 4],
    ['7B', 7],
  ])('%s is %i bytes', (text, bytes) => {
    expect(byteSize.parse(text)).toBe(bytes);
  });

  it.each(['', 'much', '-1', '1e9', '20XB', '1.2345GB', '20 G B'])('%j is none', (text) => {
    expect(byteSize.safeParse(text).success).toBe(false);
  });
});
