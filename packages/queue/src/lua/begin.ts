/**
 * Asks for the right to run a step.
 *
 * ARGV[2]  deployment id
 * ARGV[3]  step
 * ARGV[4]  process id
 * ARGV[5]  lease in milliseconds
 * ARGV[6]  job that woke the caller, or ''
 *
 * Whoever asks has the job in hand: its entry leaves the outbox here and not where the job was added, which would be one more round trip
 * at every hop.
 *
 * Answers {'run', token, attempt, counted, deployment hash, app document, environment hash,
 *   variables of the environment, variables of all previews, outbox}
 * or {'done' | 'held' | 'waiting' | 'not-next' | 'gone' | 'unreadable', outbox}.
 * Events: stage.started; deployment.waiting; what superseding brings.
 */
export const BEGIN = `
local id, step, process = ARGV[2], ARGV[3], ARGV[4]
if ARGV[6] ~= '' then redis.call('HDEL', P .. 'outbox', ARGV[6]) end
if redis.call('EXISTS', dep(id)) == 0 then return reply('gone') end
-- A newer version's: what this one would write into it could be its ruin.
if get(id, 'v') ~= '1' then return reply('unreadable') end
local current = get(id, 'step')
if current == '' then return reply('done') end
if current ~= step then
  if STEP_INDEX[step] < STEP_INDEX[current] then return reply('done') end
  return reply('not-next')
end
local lease = get(id, 'lease')
if lease ~= '' and tonumber(get(id, 'leaseUntil')) > tonumber(now) then return reply('held') end
local reason = get(id, 'waiting')
if reason == 'gate' or reason == 'hold' or reason == 'result' or reason == 'database' then return reply('waiting') end
if reason == 'retry' and tonumber(get(id, 'retryAt')) > tonumber(now) + 50 then return reply('waiting') end

local function wait(why, note)
  redis.call('ZREM', P .. 'admitted', id)
  giveSlotBack(id)
  setWaiting(id, why)
  emit(id, 'deployment.waiting', '{"reason":"' .. why .. '","note":' .. json(note) .. '}')
  admit()
  return reply('waiting')
end

-- An expired lease is taken over here as in the sweep, whichever comes first.
if lease ~= '' then
  loseAttempt(id, step)
  admit()
end

if GATED[step] and get(id, 'gateExempt') ~= '1' then
  local environment = get(id, 'environmentId')
  local key = P .. 'env:' .. environment
  local holder = redis.call('HGET', key, 'gateHolder') or ''
  if holder ~= id then
    local rank = gateRank(id)
    local newest = redis.call('ZREVRANGE', P .. 'gate:' .. environment, 0, 0, 'WITHSCORES')
    local outdated = routeOwner(environment) > rank
      or (holder ~= '' and gateRank(holder) > rank)
      or (newest[2] and tonumber(newest[2]) > rank)
    if outdated and rank > 0 then
      decide(id, 'superseded')
      admit()
      return reply('done')
    end
    local held = heldForAll(environment)
    if holder ~= '' or held then
      for _, other in ipairs(redis.call('ZRANGE', P .. 'gate:' .. environment, 0, -1)) do
        if gateRank(other) < rank then decide(other, 'superseded') end
      end
      redis.call('ZADD', P .. 'gate:' .. environment, rank, id)
      if held then return wait('hold', 'The environment is on hold: ' .. held.reason) end
      return wait('gate', 'Deployment #' .. get(holder, 'number') .. ' is between migrate and switch; this one goes on when it has left.')
    end
    redis.call('HSET', key, 'gateHolder', id)
  end
end

if not hasSlot(id) then
  if not slotIsFree(id) then
    enqueueAndAdmit(id)
    return reply('waiting')
  end
  takeSlot(id)
end

stopWaiting(id)
local token = redis.call('HINCRBY', dep(id), 'token', 1)
local leaseUntil = tonumber(now) + tonumber(ARGV[5])
set(id, 'lease', token, 'leaseUntil', leaseUntil, 'owner', process)
redis.call('ZADD', P .. 'leases', leaseUntil, id)

local attempt, counted
if step == 'pin' then
  attempt = redis.call('HINCRBY', dep(id), 'pin:n', 1)
  counted = redis.call('HINCRBY', dep(id), 'pin:counted', 1)
else
  if get(id, 'began') ~= '1' then set(id, 'began', '1', 'startedAt', now) end
  if get(id, 'status') == 'queued' then setStatus(id, 'running') end
  attempt = redis.call('HINCRBY', dep(id), 's:' .. step .. ':n', 1)
  counted = redis.call('HINCRBY', dep(id), 's:' .. step .. ':counted', 1)
  setStage(id, step, 'running')
  set(id, 's:' .. step .. ':a:' .. attempt,
    '{"token":' .. token .. ',"processId":"' .. process .. '","startedAt":' .. now .. ',"endedAt":null,"result":"running","note":null}')
  emit(id, 'stage.started', '{"stage":"' .. step .. '","attempt":' .. attempt .. '}')
end
local app, environment = get(id, 'appId'), get(id, 'environmentId')
return reply('run', token, attempt, counted, redis.call('HGETALL', dep(id)),
  redis.call('HGET', P .. 'app:' .. app, 'doc') or '',
  redis.call('HGETALL', P .. 'env:' .. environment),
  redis.call('HVALS', P .. 'variables:' .. environment),
  redis.call('HVALS', P .. 'variables:' .. app))
`;
