import {
  DEPLOYMENT_TRANSITIONS,
  FARM_LIMIT_DEFAULTS,
  LIMITS,
  STAGE_TRAITS,
  STAGE_TRANSITIONS,
  STAGES,
  STEPS,
} from '@switchyard/domain';
import { ADMIT, SLOTS } from './admission.ts';
import { DATABASE_LOCK } from './database-lock.ts';

/** Written into Lua as a literal: tables of the domain are never typed a second time. */
function luaLiteral(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `{${value.map(luaLiteral).join(',')}}`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, item]) => `[${JSON.stringify(key)}]=${luaLiteral(item)}`)
      .join(',')}}`;
  throw new Error(`no Lua literal for ${String(value)}`);
}

const asSets = (table: Readonly<Record<string, readonly string[]>>): Record<string, Record<string, boolean>> =>
  Object.fromEntries(
    Object.entries(table).map(([from, to]) => [from, Object.fromEntries(to.map((name) => [name, true]))]),
  );

const tables = `
local STAGES = ${luaLiteral(STAGES)}
local STEP_INDEX = ${luaLiteral(Object.fromEntries(STEPS.map((step, index) => [step, index])))}
local POOL = ${luaLiteral({ pin: 'light', ...Object.fromEntries(STAGES.map((stage) => [stage, STAGE_TRAITS[stage].pool])) })}
local GATED = ${luaLiteral(Object.fromEntries(STAGES.filter((stage) => STAGE_TRAITS[stage].gated).map((stage) => [stage, true])))}
local RESTARTS = {restart = true, start = true}
local MOVES = ${luaLiteral(asSets(DEPLOYMENT_TRANSITIONS))}
local STAGE_MOVES = ${luaLiteral(asSets(STAGE_TRANSITIONS))}
local FARM_LIMITS = ${luaLiteral(FARM_LIMIT_DEFAULTS)}
local PIN_SLOTS = ${luaLiteral(LIMITS.pinSlots)}
`;

/**
 * Shared by the scripts of the chain.
 *
 * KEYS[1]  prefix of all keys, with its colon
 * ARGV[1]  now, in milliseconds
 *
 * A deployment is a hash; '' stands for null. \`outbox\` collects the entries that a script adds, so that its caller can hand them on at
 * once; whatever the caller fails to hand on stays in the outbox hash for the sweep.
 */
export const PRELUDE = `
${tables}
local P = KEYS[1]
local now = ARGV[1]
local outbox = {}

local function dep(id) return P .. 'dep:' .. id end
local function get(id, field) return redis.call('HGET', dep(id), field) or '' end
local function set(id, ...) redis.call('HSET', dep(id), ...) end
local function json(text) return cjson.encode(text) end
local function orNull(text) if text == '' then return 'null' end return text end

local function emit(id, kind, data)
  local sequence = redis.call('HINCRBY', dep(id), 'sequence', 1)
  local event = '{"id":' .. sequence .. ',"type":"' .. kind .. '","at":' .. now .. ',"deploymentId":"' .. id .. '","data":' .. data .. '}'
  redis.call('XADD', P .. 'events:' .. id, sequence .. '-0', 'e', event)
  redis.call('PUBLISH', P .. 'events:' .. id, event)
end

local function setStatus(id, to)
  local from = get(id, 'status')
  if from == to then return end
  if not MOVES[from][to] then error('deployment ' .. id .. ': ' .. from .. ' to ' .. to .. ' is not a transition') end
  set(id, 'status', to)
end

local function setStage(id, stage, to, note)
  local field = 's:' .. stage .. ':'
  local from = get(id, field .. 'status')
  if from == to then return end
  if not STAGE_MOVES[from][to] then error('stage ' .. stage .. ' of ' .. id .. ': ' .. from .. ' to ' .. to .. ' is not a transition') end
  set(id, field .. 'status', to, field .. 'note', note or '')
  if to == 'running' and get(id, field .. 'startedAt') == '' then set(id, field .. 'startedAt', now) end
  if next(STAGE_MOVES[to]) == nil then set(id, field .. 'endedAt', now) end
end

local function closeAttempt(id, stage, result, note, memory, waitedFor)
  local field = 's:' .. stage .. ':a:' .. get(id, 's:' .. stage .. ':n')
  local text = get(id, field)
  if text == '' then return end
  local attempt = cjson.decode(text)
  attempt.endedAt = tonumber(now)
  attempt.result = result
  if note and note ~= '' then attempt.note = note end
  if memory and memory ~= '' then attempt.memory = cjson.decode(memory) end
  attempt.waitedFor = tonumber(waitedFor)
  set(id, field, cjson.encode(attempt))
end

${SLOTS}
local enqueue

-- Who does a piece of work now. A claim is good for as long as the lease of the attempt that made it.
local function claimant(work)
  local holder = redis.call('GET', P .. 'claim:' .. work)
  if not holder or get(holder, 'claim') ~= work or get(holder, 'lease') == '' then return nil end
  if tonumber(get(holder, 'leaseUntil')) <= tonumber(now) then return nil end
  return holder
end

local function stopWaiting(id)
  local awaited = get(id, 'awaits')
  if awaited ~= '' then
    redis.call('ZREM', P .. 'claim-waiters:' .. awaited, id)
    set(id, 'awaits', '')
  end
  leaveQueue(id)
  redis.call('ZREM', P .. 'gate:' .. get(id, 'environmentId'), id)
  redis.call('ZREM', P .. 'due', id)
  redis.call('ZREM', P .. 'admitted', id)
  set(id, 'waiting', '')
end

-- Those who wait look for the result; where there is none, the first of them makes it.
local function giveClaimBack(id)
  local work = get(id, 'claim')
  if work == '' then return end
  set(id, 'claim', '')
  if redis.call('GET', P .. 'claim:' .. work) ~= id then return end
  redis.call('DEL', P .. 'claim:' .. work)
  for _, waiter in ipairs(redis.call('ZRANGE', P .. 'claim-waiters:' .. work, 0, -1)) do
    stopWaiting(waiter)
    enqueue(waiter)
  end
end

local function clearLease(id)
  giveClaimBack(id)
  redis.call('ZREM', P .. 'leases', id)
  set(id, 'lease', '', 'leaseUntil', '', 'owner', '')
end

-- The worker of the current attempt is gone: the attempt is closed and does not count against the stage's limit.
local function loseAttempt(id, step)
  clearLease(id)
  if step == 'pin' then
    redis.call('HINCRBY', dep(id), 'pin:counted', -1)
    redis.call('HINCRBY', dep(id), 'pin:lost', 1)
    return
  end
  closeAttempt(id, step, 'lost', 'Its worker was lost.')
  redis.call('HINCRBY', dep(id), 's:' .. step .. ':counted', -1)
  redis.call('HINCRBY', dep(id), 's:' .. step .. ':lost', 1)
  emit(id, 'stage.lost', '{"stage":"' .. step .. '","attempt":' .. get(id, 's:' .. step .. ':n') .. ',"note":"Its worker was lost; another takes over."}')
end

-- A wake-up for the current step. Its job id carries a counter: BullMQ ignores an id it has seen.
local function hand(id, delayMs)
  local step = get(id, 'step')
  local placement = get(id, 'placement')
  local queue = POOL[step]
  if placement ~= 'any' then queue = 'host-' .. string.sub(placement, 6) end
  local jobId = id .. '-' .. step .. '-' .. redis.call('HINCRBY', dep(id), 'wake', 1)
  local entry = '{"queue":"' .. queue .. '","step":"' .. step .. '","deploymentId":"' .. id .. '","jobId":"' .. jobId .. '","delayMs":' .. (delayMs or 0) .. '}'
  redis.call('HSET', P .. 'outbox', jobId, entry)
  set(id, 'jobId', jobId)
  if (delayMs or 0) == 0 then redis.call('ZADD', P .. 'admitted', now, id) end
  outbox[#outbox + 1] = entry
end

${ADMIT}
local function finalize(id)
  setStatus(id, get(id, 'outcome'))
  set(id, 'endedAt', now, 'step', '', 'waiting', '')
  -- What was live before has been stopped: there is no way back to it any more.
  redis.call('HDEL', dep(id), 'routeBefore')
  if get(id, 's:cleanup:status') == 'pending' then setStage(id, 'cleanup', 'skipped', 'There was nothing to clean up.') end
  redis.call('SREM', P .. 'unfinished', id)
  redis.call('ZREM', P .. 'unfinished-of:' .. get(id, 'environmentId'), id)
  redis.call('SREM', P .. 'unfinished-of-app:' .. get(id, 'appId'), id)
  redis.call('SREM', P .. 'unfinished-of-team:' .. get(id, 'teamId'), id)
  emit(id, 'deployment.ended', '{"outcome":"' .. get(id, 'outcome') .. '"}')
end

local passGate

local function routeOwner(environment)
  local route = redis.call('HGET', P .. 'routes', environment)
  if not route then return 0 end
  return cjson.decode(route).owner
end

-- Newer deployments go before older ones. A restart (a start of a stopped app, too) brings nothing new: it goes behind all, and supersedes nobody.
local function gateRank(id)
  if RESTARTS[get(id, 'trigger')] then return 0 end
  return tonumber(get(id, 'number'))
end

local function heldForAll(environment)
  local hold = redis.call('HGET', P .. 'env:' .. environment, 'hold') or ''
  if hold == '' then return nil end
  local held = cjson.decode(hold)
  if held.scope == 'all' then return held end
  return nil
end

-- A one-off that this deployment wants, or that runs for it: nothing may be decided over its head.
local function oneOffState(id)
  local oneOff = redis.call('GET', P .. 'one-off-of:' .. id)
  return oneOff and redis.call('HGET', P .. 'one-off:' .. oneOff, 'state')
end

local function oneOffGoesOn(id)
  local state = oneOffState(id)
  return state == 'wanted' or state == 'running'
end

-- Asks the runner to end it in the middle. A field of its own: the runner writes the document anew with every step.
local function endOneOff(id)
  local key = P .. 'one-off:' .. redis.call('GET', P .. 'one-off-of:' .. id)
  redis.call('HSET', key, 'endRequestedAt', now)
  redis.call('PUBLISH', P .. 'one-offs-of:' .. cjson.decode(redis.call('HGET', key, 'doc')).hostId, '')
end

${DATABASE_LOCK}
-- The outcome is known: nothing but cleanup follows.
local function decide(id, outcome, diagnosis)
  if get(id, 'outcome') ~= '' then return end
  if outcome == 'superseded' and get(id, 'cancelRequestedAt') ~= '' then outcome = 'cancelled' end
  -- Its app is being deleted, and nobody got to ask for its end.
  if outcome == 'cancelled' and get(id, 'status') == 'running' then
    setStatus(id, 'cancelling')
    set(id, 'cancelRequestedAt', now)
  end
  set(id, 'outcome', outcome)
  if diagnosis and diagnosis ~= '' then set(id, 'diagnosis', diagnosis) end
  emit(id, 'deployment.decided', '{"outcome":"' .. outcome .. '","diagnosis":' .. orNull(get(id, 'diagnosis')) .. '}')
  for _, stage in ipairs(STAGES) do
    local status = get(id, 's:' .. stage .. ':status')
    if stage ~= 'cleanup' and status == 'pending' then setStage(id, stage, 'skipped', 'Not reached.') end
    if stage ~= 'cleanup' and status == 'waiting' then setStage(id, stage, 'cancelled', '') end
  end
  stopWaiting(id)
  clearLease(id)
  leaveDatabases(id)
  giveSlotBack(id)
  if get(id, 'began') == '1' then
    set(id, 'step', 'cleanup')
    enqueue(id)
  else
    finalize(id)
  end
  passGate(get(id, 'environmentId'), id)
end

-- Takes the gate from \`leaver\` where it holds it, and gives a free gate to the newest that waits, unless the route has
-- overtaken it; all others are superseded.
passGate = function(environment, leaver)
  local key = P .. 'env:' .. environment
  if redis.call('HGET', key, 'gateHolder') == leaver then redis.call('HSET', key, 'gateHolder', '') end
  if (redis.call('HGET', key, 'gateHolder') or '') ~= '' then return end
  if heldForAll(environment) then return end
  local owner = routeOwner(environment)
  local waiters = redis.call('ZREVRANGE', P .. 'gate:' .. environment, 0, -1)
  for _, id in ipairs(waiters) do
    if gateRank(id) == 0 or gateRank(id) > owner then
      redis.call('HSET', key, 'gateHolder', id)
      stopWaiting(id)
      enqueue(id)
      break
    end
  end
  local holder = redis.call('HGET', key, 'gateHolder')
  for _, id in ipairs(waiters) do
    if id ~= holder then decide(id, 'superseded') end
  end
end

local function reply(...)
  local answer = {...}
  answer[#answer + 1] = outbox
  return answer
end
`;
