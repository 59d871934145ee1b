import { LIMITS } from '@switchyard/domain';
import { needlesOf } from '@switchyard/service';
import { beforeEach, describe, expect, it } from 'vitest';
import { OutputReader, type ReadLines } from './output-reader.ts';

const STARTED_AT = 1_000;
const MULTILINE = '-----BEGIN KEY-----\nfirst-line-of-the-key\nshort\n-----END KEY-----';

let output: Buffer;
let oldest: number;

beforeEach(() => {
  output = Buffer.alloc(0);
  oldest = 0;
});

const say = (text: string | Buffer): void => {
  output = Buffer.concat([output, Buffer.from(text)]);
};

function reader(options: { secrets?: string[]; cursor?: ReadLines['to'] | null } = {}): OutputReader {
  return new OutputReader(
    {
      readOutput(_id, offset, maxBytes) {
        const start = Math.max(offset, oldest);
        const bytes = output.subarray(start, start + maxBytes);
        return Promise.resolve({ bytes, next: start + bytes.length });
      },
    },
    {
      id: 'ins_aaaaaa',
      startedAt: STARTED_AT,
      needles: needlesOf(options.secrets ?? []),
      cursor: options.cursor ?? null,
      now: 0,
    },
  );
}

/** All lines until there are none now. */
async function readAll(from: OutputReader, now = 0): Promise<string[]> {
  const lines: string[] = [];
  for (let read = await from.next(now); read !== null; read = await from.next(now)) lines.push(...read.lines);
  return lines;
}

describe('whole lines', () => {
  it('are read once each, an unfinished one when it ends or its run does', async () => {
    const reading = reader();
    say('one\ntw');
    expect(await readAll(reading)).toEqual(['one']);
    expect(await readAll(reading)).toEqual([]);
    say('o\nthr');
    expect(await readAll(reading)).toEqual(['two']);
    expect((await reading.rest(0)).flatMap(({ lines }) => lines)).toEqual(['thr']);
  });

  it('go on at the cursor of an earlier reader, at any line', async () => {
    say(Array.from({ length: 5_000 }, (_, index) => `line ${index} gr\u00fc\u00dfe\n`).join(''));
    const first = await reader().next(0);
    const second = reader({ cursor: first?.to ?? null });
    const lines = [...(first?.lines ?? []), ...(await readAll(second))];
    expect(lines).toHaveLength(5_000);
    expect(lines.at(-1)).toBe('line 4999 gr\u00fc\u00dfe');
    expect(new Set(lines).size).toBe(5_000);
  });

  it('begin anew where the cursor is of another run', async () => {
    say('again\n');
    expect(await readAll(reader({ cursor: { startedAt: 5, offset: 3 } }))).toEqual(['again']);
  });

  it('that are too long are cut, however long they are', async () => {
    say(`${'x'.repeat(LIMITS.maxLogLineBytes * 5)}\nafter\n`);
    const [long, after] = await readAll(reader());
    expect(long).toMatch(/^x+ … \d+ characters of this line left out …$/);
    expect(after).toBe('after');
  });

  it('that went before they could be read leave a mark', async () => {
    say('gone\nhere\n');
    oldest = 5;
    expect(await readAll(reader())).toEqual([expect.stringContaining('5 bytes left out'), 'here']);
  });
});

describe('secrets', () => {
  it('are masked when they come in pieces', async () => {
    const reading = reader({ secrets: ['quite-secret-value'] });
    const lines: string[] = [];
    for (const piece of 'it is quite-secret-value, yes\n') {
      say(piece);
      lines.push(...(await readAll(reading)));
    }
    expect(lines).toEqual(['it is ***, yes']);
  });

  it('of several lines are masked when a reading ends in their midst, and the cursor does not stand there', async () => {
    const reading = reader({ secrets: [MULTILINE] });
    say(`key:\n${MULTILINE.slice(0, 42)}`);
    expect(await readAll(reading)).toEqual([]);
    say(`${MULTILINE.slice(42)}\ndone\n`);
    const read = await reading.next(0);
    expect(read?.lines).toEqual(['key:', '***', 'done']);
    expect(read?.to.offset).toBe(output.length);
  });

  it('that might begin hold lines back for a moment only', async () => {
    const reading = reader({ secrets: [MULTILINE] });
    say('-----BEGIN KEY-----\n');
    expect(await readAll(reading, 100)).toEqual([]);
    const lines = await readAll(reading, 2_000);
    expect(lines).toHaveLength(1);
    expect(await readAll(reading, 4_000)).toEqual([]);
  });
});

describe('more than is allowed', () => {
  const flood = (lines: number): string => `${'y'.repeat(1_023)}\n`.repeat(lines);
  const burstLines = LIMITS.outputBurstBytes / 1_024;

  it('is left out in whole lines that are counted', async () => {
    say(flood(burstLines * 3));
    const reading = reader();
    const first = await readAll(reading);
    expect(first).toHaveLength(burstLines);
    let dropped = 0;
    let kept = first.length;
    for (let now = 0; now < 60_000; now += 200) {
      say(flood(2));
      for (let read = await reading.next(now); read !== null; read = await reading.next(now)) {
        dropped += read.droppedLines;
        kept += read.lines.length - (read.droppedLines > 0 ? 1 : 0);
      }
    }
    for (const read of await reading.rest(60_000)) {
      dropped += read.droppedLines;
      kept += read.lines.length - (read.droppedLines > 0 ? 1 : 0);
    }
    expect(dropped).toBeGreaterThan(0);
    expect(kept + dropped).toBe(burstLines * 3 + 600);
  });

  it('never costs the last words before an end', async () => {
    say(flood(burstLines * 4));
    const reading = reader();
    await readAll(reading);
    say('and then it crashed');
    const last = await reading.rest(1);
    expect(last.flatMap(({ lines }) => lines).at(-1)).toBe('and then it crashed');
    expect(last.reduce((sum, { droppedLines }) => sum + droppedLines, 0)).toBeGreaterThan(burstLines);
    expect(last.flatMap(({ lines }) => lines).join('').length).toBeLessThanOrEqual(LIMITS.outputLastBytes + 200);
  });
});
