import { beforeEach, expect, it } from 'vitest';
import { OutputTail } from './output-tail.ts';

let output: Buffer;
let tail: OutputTail;

beforeEach(() => {
  output = Buffer.alloc(0);
  tail = new OutputTail(
    {
      readOutput: (_id, offset, maxBytes) => {
        const bytes = output.subarray(offset, offset + maxBytes);
        return Promise.resolve({ bytes, next: offset + bytes.length });
      },
    },
    'ins_aaaaaa',
  );
});

const say = (text: string | Buffer): void => {
  output = Buffer.concat([output, Buffer.from(text)]);
};

it('keeps the last twenty lines, an unfinished one included', async () => {
  say(Array.from({ length: 30 }, (_, index) => `line ${index}\n`).join(''));
  say('and then');
  const lines = await tail.read();
  expect(lines).toHaveLength(20);
  expect(lines.slice(-2)).toEqual(['line 29', 'and then']);
});

it('goes on where it ended: a line that came in two parts is one', async () => {
  say('one\ntw');
  await tail.read();
  say('o\n');
  expect(await tail.read()).toEqual(['one', 'two']);
});

it('a character that came in two parts is whole', async () => {
  const bytes = Buffer.from('gr\u00fc\u00dfe\n');
  say(bytes.subarray(0, 3));
  await tail.read();
  say(bytes.subarray(3));
  expect(await tail.read()).toEqual(['gr\u00fc\u00dfe']);
});

it('starts over with an instance that was started again, and keeps what was said before', async () => {
  say('before\n');
  await tail.read();
  tail.reset();
  output = Buffer.from('after\n');
  expect(await tail.read()).toEqual(['before', 'after']);
});
