import { LIMITS } from '@switchyard/domain';

/**
 * Begins a request under its key, once.
 *
 * ARGV[2]  key of the request
 * ARGV[3]  fingerprint of what is asked
 * ARGV[4]  owner: who answers it
 *
 * Answers {'run'}, {'other'} (the key belongs to another request), {'running'}, or {'answered', answer}. A request whose owner has not
 * answered in time is taken over.
 */
export const BEGIN_REQUEST = `
local key = P .. 'idempotency:' .. ARGV[2]
local known = redis.call('HMGET', key, 'fingerprint', 'startedAt', 'answer')
if known[1] then
  if known[1] ~= ARGV[3] then return {'other'} end
  if known[3] then return {'answered', known[3]} end
  if tonumber(known[2]) > tonumber(now) - ${LIMITS.idempotencyLockMs} then return {'running'} end
end
redis.call('HSET', key, 'fingerprint', ARGV[3], 'owner', ARGV[4], 'startedAt', now)
redis.call('PEXPIRE', key, ${LIMITS.idempotencyMemoryMs})
return {'run'}
`;

/**
 * Keeps the answer for those who ask again.
 *
 * ARGV[2]  key of the request
 * ARGV[3]  owner
 * ARGV[4]  answer
 *
 * Answers 1, or 0 where the request is another owner's by now.
 */
export const KEEP_ANSWER = `
local key = P .. 'idempotency:' .. ARGV[2]
if redis.call('HGET', key, 'owner') ~= ARGV[3] then return 0 end
redis.call('HSET', key, 'answer', ARGV[4])
redis.call('PEXPIRE', key, ${LIMITS.idempotencyMemoryMs})
return 1
`;

/**
 * Frees the key of a request that did nothing.
 *
 * ARGV[2]  key of the request
 * ARGV[3]  owner
 *
 * Answers 1, or 0 where the request is another owner's by now.
 */
export const FORGET_REQUEST = `
local key = P .. 'idempotency:' .. ARGV[2]
if redis.call('HGET', key, 'owner') ~= ARGV[3] then return 0 end
redis.call('DEL', key)
return 1
`;
