import { LIMITS } from '@switchyard/domain';
import { TAKE_OVER_EXPIRED } from './take-over.ts';

/**
 * Finds what stopped moving: leases that ran out, retries whose wake-up was lost, admitted work that nobody began.
 *
 * ARGV[2]  diagnosis of lost workers as JSON, with @STAGE@ where the stage goes
 *
 * Answers {taken over, rewoken, [id, job id, …] of work whose wake-up may be lost, outbox}.
 * Events: stage.lost; deployment.decided where a stage lost too many workers.
 */
export const SWEEP = `
${TAKE_OVER_EXPIRED}
local takenOver, rewoken = takeOverExpired(ARGV[2]), 0

-- Looked for in their queues by the caller, so that a wake-up that only waits long is not doubled.
local suspects = {}
local function suspect(id)
  suspects[#suspects + 1] = id
  suspects[#suspects + 1] = get(id, 'jobId')
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'due', '-inf', tonumber(now) - 2000, 'LIMIT', 0, 100)) do
  if get(id, 'waiting') == 'retry' then suspect(id) else redis.call('ZREM', P .. 'due', id) end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'admitted', '-inf', tonumber(now) - ${LIMITS.sweepMs * 2}, 'LIMIT', 0, 100)) do
  if get(id, 'step') == '' or get(id, 'lease') ~= '' or get(id, 'waiting') ~= '' then
    redis.call('ZREM', P .. 'admitted', id)
  else
    suspect(id)
  end
end

-- A net below all others: whatever is unfinished stands somewhere.
for _, id in ipairs(redis.call('SRANDMEMBER', P .. 'unfinished', 100)) do
  local somewhere = get(id, 'lease') ~= ''
    or redis.call('ZSCORE', P .. 'admitted', id)
    or redis.call('ZSCORE', P .. 'due', id)
    or redis.call('ZSCORE', P .. laneOf(id) .. 'waiting-of-app:' .. get(id, 'appId'), id)
    or redis.call('ZSCORE', P .. 'gate:' .. get(id, 'environmentId'), id)
  if get(id, 'waiting') == 'result' then
    somewhere = somewhere or claimant(get(id, 'awaits'))
    if not somewhere then
      stopWaiting(id)
      enqueue(id)
      somewhere = true
    end
  end
  if get(id, 'waiting') == 'slot' then
    -- One that an earlier version left waiting stands in its team's queue alone.
    if somewhere then noteHead(laneOf(id), get(id, 'teamId'), get(id, 'appId')) else enqueue(id) end
  elseif get(id, 'waiting') == 'database' then
    if not databaseObstacle(id) then wakeFromDatabase(id) end
    somewhere = true
  end
  if not somewhere and get(id, 'step') ~= '' then
    hand(id)
    rewoken = rewoken + 1
  end
end
admit()
return reply(takenOver, rewoken, suspects)
`;

/**
 * Wakes admitted work again whose job is gone from its queue.
 *
 * ARGV[2…]  deployment id and the job id that was looked for, in pairs
 *
 * Answers {how many, outbox}.
 */
export const REWAKE = `
local count = 0
for index = 2, #ARGV, 2 do
  local id = ARGV[index]
  if get(id, 'jobId') == ARGV[index + 1] and get(id, 'lease') == '' and get(id, 'step') ~= '' then
    hand(id)
    count = count + 1
  end
end
return reply(count)
`;

/**
 * Lifts the hold of an environment, with that of the databases which it put on hold or for which its deployments wait.
 *
 * ARGV[2]  environment id
 *
 * Answers {outbox}.
 */
export const RELEASE_HOLD = `
releaseDatabases(ARGV[2])
redis.call('HSET', P .. 'env:' .. ARGV[2], 'hold', '')
passGate(ARGV[2], '-')
admit()
return reply()
`;
