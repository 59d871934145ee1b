import { LIMITS, SwitchyardError } from '@switchyard/domain';
import { MASK, needlesOf } from '@switchyard/service';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Batch, LogSink, type LogSinkOptions, OWN_MARK } from './log-sink.ts';

function sinkInto(batches: Batch[], options: Partial<LogSinkOptions> = {}): LogSink {
  return new LogSink({
    append: (batch) => Promise.resolve(batches.push(batch) > 0),
    needles: [],
    onError: (error) => {
      throw error;
    },
    lost: new AbortController().signal,
    ...options,
  });
}

const numbered = (batches: readonly Batch[]): [number, string][] =>
  batches.flatMap(({ firstLine, lines }) => lines.map((line, index): [number, string] => [firstLine + index, line]));

describe('the log of an attempt', () => {
  it('holds every line once, in order and numbered, however output comes', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ü', '\n', '€', '🚂'), maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(300), { maxLength: 10 }), async (output, cuts) => {
        const batches: Batch[] = [];
        const sink = sinkInto(batches);
        const bytes = Buffer.from(output);
        const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
        for (const [index, from] of [0, ...places].entries()) sink.output(bytes.subarray(from, places[index]));
        await sink.close();
        const lines = output.split('\n');
        if (lines.at(-1) === '') lines.pop();
        expect(numbered(batches)).toEqual(lines.map((line, index) => [index + 1, line]));
      }),
    );
  });

  it('tells Switchyard’s own lines from a tool’s', async () => {
    const batches: Batch[] = [];
    const sink = sinkInto(batches);
    sink.output(Buffer.from('half a line'));
    sink.say('npm ci');
    sink.output(Buffer.from('added 3 packages\n'));
    await sink.close();
    expect(numbered(batches)).toEqual([
      [1, 'half a line'],
      [2, `${OWN_MARK}npm ci`],
      [3, 'added 3 packages'],
    ]);
    expect(sink.reading().text).toBe('half a line\n\nadded 3 packages');
  });

  it('shows no secret, not over the borders of chunks and not in own lines', async () => {
    const batches: Batch[] = [];
    const sink = sinkInto(batches, { needles: needlesOf(['correct horse']) });
    sink.output(Buffer.from('password: correct '));
    sink.output(Buffer.from('horse!\n'));
    sink.say('with correct horse');
    await sink.close();
    expect(numbered(batches).map(([, line]) => line)).toEqual([`password: ${MASK}!`, `${OWN_MARK}with ${MASK}`]);
    expect(sink.reading().text).not.toContain('horse');
  });

  it('keeps head and tail of endless output and says what was left out', async () => {
    const batches: Batch[] = [];
    const sink = sinkInto(batches);
    const line = 'x'.repeat(1_023);
    const count = (LIMITS.maxLogBytesPerAttempt / 1_024) * 2;
    for (let index = 0; index < count; index += 1) sink.output(Buffer.from(`${line}\n`));
    sink.output(Buffer.from('the end\n'));
    await sink.close();
    const lines = numbered(batches);
    expect(lines.reduce((sum, [, text]) => sum + text.length + 1, 0)).toBeLessThan(LIMITS.maxLogBytesPerAttempt + 100);
    expect(lines.at(-1)).toEqual([count + 1, 'the end']);
    expect(lines.filter(([, text]) => /^… \d+ bytes left out …$/.test(text))).toHaveLength(1);
    expect(lines.map(([number]) => number)).toEqual(lines.map(([number]) => number).toSorted((a, b) => a - b));
    const reading = sink.reading();
    const last = reading.text.split('\n').length;
    expect(reading.lineInLog(last)).toBe(count + 1);
    expect(reading.lineInLog(1)).toBe(1);
  });

  it('sends in batches', async () => {
    const batches: Batch[] = [];
    const sink = sinkInto(batches);
    for (let index = 0; index < 10_000; index += 1) sink.output(Buffer.from(`line ${index}\n`));
    await sink.close();
    expect(batches.length).toBeLessThan(15);
    expect(numbered(batches)).toHaveLength(10_000);
  });

  it('is held while Redis is away and sent when it is back', async () => {
    const batches: Batch[] = [];
    let away = 2;
    const sink = sinkInto(batches, {
      append: (batch) => {
        away -= 1;
        if (away >= 0) return Promise.reject(new SwitchyardError('redis-unavailable', 'gone'));
        batches.push(batch);
        return Promise.resolve(true);
      },
    });
    sink.output(Buffer.from('one\n'));
    await sink.close();
    expect(numbered(batches)).toEqual([[1, 'one']]);
  });

  it('ends when the lease is lost', async () => {
    let asked = 0;
    const sink = sinkInto([], {
      append: () => {
        asked += 1;
        return Promise.resolve(false);
      },
    });
    sink.output(Buffer.from('one\n'));
    await sink.close();
    sink.output(Buffer.from('two\n'));
    await sink.close();
    expect(asked).toBe(1);
  });
});
