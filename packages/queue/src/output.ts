import { LIMITS, OutputCursor, OutputEvent } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';
import type { OutputStreams } from './output-streams.ts';

const Answer = z.tuple([z.enum(['appended', 'elsewhere', 'gone']), z.string()]);

const cursorText = (cursor: OutputCursor | null): string =>
  cursor === null ? '' : JSON.stringify({ startedAt: cursor.startedAt, offset: cursor.offset });
const cursorOf = (text: string | null): OutputCursor | null =>
  text === null || text === '' ? null : OutputCursor.parse(JSON.parse(text));

const eventsOf = (entries: [string, string[]][]): OutputEvent[] =>
  entries.map(([, fields]) => OutputEvent.parse(JSON.parse(fields[1] ?? 'null')));

export function outputStreams({ redis, keys, run, subscriptions, clock }: StoreContext): OutputStreams {
  // A message goes to all its listeners in turn: it is read once for all of them.
  let newest: { message: string; event: OutputEvent } | null = null;
  const eventOf = (message: string): OutputEvent => {
    if (newest?.message !== message) newest = { message, event: OutputEvent.parse(JSON.parse(message)) };
    return newest.event;
  };

  return {
    async append({ environmentId, hostId, instanceId, deploymentId }, { from, to, ...batch }) {
      const event = { type: 'output', instanceId, deploymentId, ...batch };
      const [answer, word] = Answer.parse(
        await run(
          'appendOutput',
          clock(),
          environmentId,
          hostId,
          instanceId,
          deploymentId,
          cursorText(from),
          cursorText(to),
          JSON.stringify(event),
          LIMITS.maxLiveOutputBytesPerEnvironment,
          LIMITS.maxLiveOutputBytes,
        ),
      );
      if (answer === 'appended') return { answer, unarchivedBytes: Number(word) };
      return answer === 'gone' ? { answer } : { answer, cursor: cursorOf(word) };
    },

    async cursor({ hostId, instanceId }) {
      return cursorOf(await redis.hget(keys.outputCursors(hostId), instanceId));
    },

    async forget({ hostId, instanceId }) {
      await redis.hdel(keys.outputCursors(hostId), instanceId);
    },

    async position(id) {
      const [last, archived] = await redis.hmget(keys.environment(id), 'outputSequence', 'outputArchived');
      return { last: Number(last ?? 0), archived: Number(archived ?? 0) };
    },

    async archived(id, upTo, bytes) {
      await run('archivedOutput', clock(), id, upTo, bytes);
    },

    async read(id, afterId) {
      return eventsOf(await redis.xrange(keys.output(id), `(${afterId}-0`, '+'));
    },

    async subscribe(id, listener) {
      return await subscriptions.listen(keys.outputChannel(id), (message) => {
        listener(message === null || message === '' ? 'reread' : eventOf(message));
      });
    },
  };
}
