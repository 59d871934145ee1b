import { LIMITS } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instanceSpec, type Subject, snapshotOf } from '../conformance/subject.ts';
import { waitFor } from '../conformance/waiting.ts';
import type { InstanceSpec } from '../platform.ts';
import { openDockerPlatform } from './docker-platform.ts';
import { openDockerSubject } from './docker-subject.ts';

let subject: Subject;

beforeAll(async () => {
  subject = await openDockerSubject(openDockerPlatform);
});
afterAll(() => subject.close());

async function start(command: string): Promise<InstanceSpec> {
  const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), command);
  await subject.platform.runner.startInstance(spec);
  return spec;
}

const read = async ({ id }: InstanceSpec, offset: number, maxBytes = 64 * 1024 * 1024) =>
  await subject.platform.runner.readOutput(id, offset, maxBytes);

async function exited({ id }: InstanceSpec): Promise<void> {
  await waitFor('its end', async () =>
    (await subject.platform.runner.list()).some((one) => one.id === id && one.state === 'exited'),
  );
}

async function remove({ id }: InstanceSpec): Promise<void> {
  await subject.platform.runner.stop(id, { graceMs: 100 });
  await subject.platform.runner.remove(id);
}

describe('the output of a container', () => {
  it('is read from any offset on, in pieces of any size, without a gap or a repetition', async () => {
    const spec = await start(
      'for i in $(seq 1 200); do echo "line $i of both"; [ $((i % 3)) -eq 0 ] && echo "err $i" >&2; done',
    );
    await exited(spec);
    const whole = (await read(spec, 0)).bytes.toString();
    expect(whole.split('\n').filter((line) => line.startsWith('line'))).toHaveLength(200);
    expect(whole.indexOf('err 3\n')).toBeGreaterThan(whole.indexOf('line 3 '));
    expect(whole.indexOf('err 3\n')).toBeLessThan(whole.indexOf('line 4 '));
    for (const size of [1_000, 777, 100_000]) {
      let text = '';
      for (let offset = 0; ; ) {
        const { bytes, next } = await read(spec, offset, size);
        if (bytes.length === 0) break;
        expect(next).toBe(offset + bytes.length);
        text += bytes.toString();
        offset = next;
      }
      expect(text, `in pieces of ${size}`).toBe(whole);
    }
    // Back to an earlier place than the last one.
    expect((await read(spec, 5, 3)).bytes.toString()).toBe(whole.slice(5, 8));
    await remove(spec);
  });

  it('that has no end of line yet is given when the process ends', async () => {
    const spec = await start('printf 0123456789');
    await exited(spec);
    expect((await read(spec, 4)).bytes.toString()).toBe('456789');
    await remove(spec);
  });

  it('is kept within its limit, and reading goes on where it was, or at the oldest that is left', async () => {
    const line = 'x'.repeat(1_000);
    const lines = Math.ceil((LIMITS.maxInstanceLogBytes * 1.5) / line.length);
    const write = `node -e 'for (let i = 0; i < ${lines}; i++) console.log(i + " ${line}")'`;
    const spec = await start(`echo first; ${write}; echo last; sleep 600`);
    const begin = await waitFor('its first line', async () => {
      const first = await read(spec, 0, 6);
      return first.bytes.length > 0 ? first : null;
    });
    expect(begin.bytes.toString()).toBe('first\n');
    await waitFor(
      'its last line',
      async () => (await read(spec, begin.next)).bytes.toString().endsWith('last\n'),
      60_000,
    );
    const kept = await read(spec, begin.next);
    expect(kept.bytes.length).toBeLessThanOrEqual(LIMITS.maxInstanceLogBytes);
    expect(kept.bytes.length).toBeGreaterThan(LIMITS.maxInstanceLogBytes / 3);
    // A whole line: nothing of it was taken for what came before.
    expect(kept.bytes.toString('latin1', 0, 20)).toMatch(/^\d+ xxx/);
    expect(kept.next - kept.bytes.length).toBeGreaterThanOrEqual(begin.next);
    expect(await read(spec, kept.next)).toEqual({ bytes: Buffer.alloc(0), next: kept.next });
    await remove(spec);
  }, 120_000);
});
