import { LIMITS } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore the walk through the chain is shared with the tests of the api
import { ChainWalk } from '../../../tests/harness/chain-walk.ts';
import type { OutputBatch, OutputSource } from './store.ts';

let chain: ChainWalk;
let source: OutputSource;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
  source = await sourceOf(chain.app.environmentId);
});
afterEach(() => chain.close());

async function sourceOf(environmentId: OutputSource['environmentId']): Promise<OutputSource> {
  return { environmentId, hostId: 'host_aaaaaa', instanceId: 'ins_aaaaaa', deploymentId: await chain.deploy() };
}

const at = (offset: number, startedAt = 1) => ({ startedAt, offset });
const batch = (from: number | null, to: number, ...lines: string[]): OutputBatch => ({
  at: 5,
  lines,
  droppedLines: 0,
  from: from === null ? null : at(from),
  to: at(to),
});

describe('lines of an instance', () => {
  it('are kept once, although the answer to the first try was lost', async () => {
    const { output } = chain.store;
    expect(await output.append(source, batch(null, 10, 'one'))).toMatchObject({ answer: 'appended' });
    expect(await output.append(source, batch(null, 10, 'one'))).toEqual({ answer: 'elsewhere', cursor: at(10) });
    expect(await output.append(source, batch(10, 20, 'two'))).toMatchObject({ answer: 'appended' });
    expect(await output.read(source.environmentId, 0)).toMatchObject([
      { id: 1, at: 5, number: 1, lines: ['one'], instanceId: 'ins_aaaaaa', deploymentId: source.deploymentId },
      { id: 2, lines: ['two'] },
    ]);
    expect(await output.cursor(source)).toEqual(at(20));
    expect(await output.position(source.environmentId)).toEqual({ last: 2, archived: 0 });
  });

  it('of an app that is gone are not kept', async () => {
    await chain.walk(source.deploymentId, null);
    await chain.store.output.append(source, batch(null, 10, 'one'));
    await chain.store.apps.remove(chain.app.appId);
    await expect
      .poll(async () => (await chain.store.chain.sweep('proc_workerone'))?.purgedEnvironments)
      .toEqual([source.environmentId]);
    expect(await chain.store.output.append(source, batch(10, 20, 'two'))).toEqual({ answer: 'gone' });
    expect(await chain.store.output.read(source.environmentId, 0)).toEqual([]);
  });
});

describe('live tails', () => {
  it('stay within the bytes of an environment; the oldest goes', async () => {
    const { output } = chain.store;
    const line = 'x'.repeat(100_000);
    for (let index = 0; index < 15; index += 1)
      await output.append(source, batch(index === 0 ? null : index, index + 1, line));
    const kept = await output.read(source.environmentId, 0);
    expect(JSON.stringify(kept).length).toBeLessThanOrEqual(LIMITS.maxLiveOutputBytesPerEnvironment + kept.length + 1);
    expect(kept.at(-1)?.id).toBe(15);
    expect(kept.length).toBeGreaterThan(8);
    expect(kept.map(({ id }) => id)).toEqual(kept.map((_, index) => 16 - kept.length + index));
  });

  it('tell how much of them is not in blobs', async () => {
    const { output } = chain.store;
    const first = await output.append(source, batch(null, 1, 'one'));
    expect(first).toMatchObject({ unarchivedBytes: expect.any(Number) });
    const [event] = await output.read(source.environmentId, 0);
    await output.archived(source.environmentId, 1, Buffer.byteLength(JSON.stringify(event)));
    await output.archived(source.environmentId, 1, 1_000);
    const second = await output.append(source, batch(1, 2, 'two'));
    expect(second).toEqual(first);
    expect(await output.position(source.environmentId)).toEqual({ last: 2, archived: 1 });
  });
});
