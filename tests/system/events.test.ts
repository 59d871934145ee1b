import { DeploymentEvent } from '@switchyard/domain';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

let system: System;
let repository: Repository;

beforeAll(async () => {
  system = await startSystem();
});

afterAll(async () => {
  await system?.stop();
  await repository?.remove();
});

/** Reads the raw stream from `after` on, and breaks the connection after `count` events; fewer when the stream ends. */
async function readSome(
  id: string,
  after: number,
  count: number,
): Promise<{ events: DeploymentEvent[]; ended: boolean }> {
  const breaking = new AbortController();
  const response = await fetch(`${system.apiUrl}/v1/deployments/${id}/events`, {
    headers: { authorization: `Bearer ${system.token}`, ...(after === 0 ? {} : { 'last-event-id': String(after) }) },
    signal: breaking.signal,
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events: DeploymentEvent[] = [];
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += Buffer.from(bytes).toString('utf8');
    for (let end = text.indexOf('\n\n'); end >= 0 && events.length < count; end = text.indexOf('\n\n')) {
      const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
      text = text.slice(end + 2);
      if (data !== undefined) events.push(DeploymentEvent.parse(JSON.parse(data)));
    }
    if (events.length >= count) break;
  }
  const ended = events.length < count;
  breaking.abort();
  return { events, ended };
}

it('a stream that is broken again and again in mid-deployment misses nothing and repeats nothing', {
  timeout: 90_000,
}, async () => {
  // In spurts, so that readers come and go between lines.
  const build = `sh -c 'for i in $(seq 1 400); do echo line $i; [ $((i % 50)) = 0 ] && sleep 0.2; done; true'`;
  repository = await createRepository(nodeApp({ says: 'hello', build }));
  await system.client.createApp({ name: 'shop', repository: repository.url });
  const { id } = await system.client.deploy('shop');

  const seen: DeploymentEvent[] = [];
  for (let round = 0; ; round += 1) {
    const { events, ended } = await readSome(id, seen.at(-1)?.id ?? 0, 1 + (round % 7));
    seen.push(...events);
    if (ended || seen.at(-1)?.type === 'deployment.ended') break;
  }
  expect(seen.map((event) => event.id)).toEqual(seen.map((_, index) => index + 1));
  expect(seen.at(-1)).toMatchObject({ type: 'deployment.ended', data: { outcome: 'succeeded' } });
  const lines = seen.flatMap((event) => (event.type === 'log' && event.data.stage === 'build' ? event.data.lines : []));
  expect(lines.filter((line) => /^line \d+$/.test(line))).toEqual(
    Array.from({ length: 400 }, (_, index) => `line ${index + 1}`),
  );

  // Long after, from the archive: the same again.
  const again = await readSome(id, 0, Number.POSITIVE_INFINITY);
  expect(again.events).toEqual(seen);
});
