import { Redis } from 'ioredis';
import { z } from 'zod';
import { COMMIT, PREFIX, REPOSITORY } from './placeholders.ts';

const Texts = z.array(z.string());
const Recorded = z.object({
  recordedAt: z.int(),
  keys: z.record(
    z.string(),
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('string'), value: z.string() }),
      z.object({ type: z.literal('hash'), value: z.record(z.string(), z.string()) }),
      z.object({ type: z.literal('set'), value: Texts }),
      z.object({ type: z.literal('list'), value: Texts }),
      /** Members and scores in turn. */
      z.object({ type: z.literal('zset'), value: Texts }),
      /** Ids, and names and values in turn. */
      z.object({ type: z.literal('stream'), value: z.array(z.tuple([z.string(), Texts])) }),
    ]),
  ),
});
type Value = z.infer<typeof Recorded>['keys'][string];

async function put(redis: Redis, key: string, { type, value }: Value): Promise<void> {
  if (type === 'string') await redis.set(key, value);
  else if (type === 'hash') await redis.hset(key, value);
  else if (type === 'set') await redis.sadd(key, ...value);
  else if (type === 'list') await redis.rpush(key, ...value);
  else if (type === 'zset') await redis.zadd(key, ...value.toReversed());
  else for (const [id, fields] of value) await redis.xadd(key, id, ...fields);
}

/** Puts what `record.ts` saved into a Redis. Answers when it was recorded. */
export async function loadRecords(from: {
  text: string;
  redisUrl: string;
  prefix: string;
  repository: string;
  commit: string;
}): Promise<number> {
  const { prefix, repository, commit } = from;
  const text = from.text.replaceAll(PREFIX, prefix).replaceAll(REPOSITORY, repository).replaceAll(COMMIT, commit);
  const { recordedAt, keys } = Recorded.parse(JSON.parse(text));
  const redis = new Redis(from.redisUrl);
  try {
    for (const [key, value] of Object.entries(keys)) await put(redis, key, value);
  } finally {
    redis.disconnect();
  }
  return recordedAt;
}
