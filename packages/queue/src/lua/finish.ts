/**
 * Records how an attempt ended and moves the deployment on. Refused unless the token is the newest.
 *
 * ARGV[2]   deployment id
 * ARGV[3]   step
 * ARGV[4]   token
 * ARGV[5]   succeeded | skipped | failed | cancelled | timed_out | superseded | handed_back | awaits | awaits_database
 * ARGV[6]   note, or ''
 * ARGV[7]   cache result as JSON, or ''
 * ARGV[8]   commit as JSON, or ''
 * ARGV[9]   plan as JSON, or ''
 * ARGV[10]  placement, or ''
 * ARGV[11]  diagnosis as JSON, or ''
 * ARGV[12]  milliseconds until the next attempt, or '' for none
 * ARGV[13]  time limit in milliseconds that was reached, or ''
 * ARGV[14]  hold on the environment as JSON, or ''
 * ARGV[15]  what was seen of its memory as JSON, or ''
 * ARGV[16]  name of the work that is waited for, or ''
 * ARGV[17]  number of the deployment that does it, or ''
 * ARGV[18…] names and JSON values of artifacts
 *
 * Answers {'finished' | 'lease-lost', outbox}.
 * Events: those of the stage; deployment.pinned, .planned, .decided, .ended, .waiting.
 */
export const FINISH = `
local id, step, kind, note, cache = ARGV[2], ARGV[3], ARGV[5], ARGV[6], ARGV[7]
local diagnosis, retryAfterMs = ARGV[11], ARGV[12]
if get(id, 'lease') ~= ARGV[4] or get(id, 'step') ~= step then return reply('lease-lost') end

local stage = step
if step == 'pin' then stage = 'source' end
local attempt = get(id, (step == 'pin' and 'pin:n') or ('s:' .. step .. ':n'))
local cancelRequested = get(id, 'cancelRequestedAt') ~= '' and get(id, 'liveAt') == ''
clearLease(id)
if ARGV[14] ~= '' then putOnHold(id, ARGV[14]) end

local function close(result, text) if step ~= 'pin' then closeAttempt(id, step, result, text, ARGV[15]) end end

local function tryAgain(delayMs, why)
  close(kind == 'handed_back' and 'handed_back' or 'failed', note)
  if step ~= 'pin' then setStage(id, step, 'waiting', note) end
  if delayMs > 0 then
    local retryAt = tonumber(now) + delayMs
    giveSlotBack(id)
    setWaiting(id, 'retry')
    set(id, 'retryAt', retryAt)
    redis.call('ZADD', P .. 'due', retryAt, id)
    emit(id, 'stage.failed', '{"stage":"' .. stage .. '","attempt":' .. attempt .. ',"note":' .. json(note) .. ',"retryAt":' .. string.format('%.0f', retryAt) .. '}')
    hand(id, delayMs)
  else
    emit(id, 'stage.lost', '{"stage":"' .. stage .. '","attempt":' .. attempt .. ',"note":' .. json(note) .. '}')
    hand(id)
  end
  admit()
  return reply('finished')
end

local function endStage(to, text)
  close(to, text)
  if step == 'pin' then
    setStage(id, 'source', 'waiting')
    if to == 'timed_out' then setStage(id, 'source', 'running') end
  end
  setStage(id, stage, to, text)
end

-- Cleanup changes no outcome, whatever becomes of it.
local function goOn(outcome)
  giveSlotBack(id)
  if step == 'cleanup' then finalize(id)
  elseif get(id, 'liveAt') ~= '' then decide(id, 'succeeded')
  -- A hold is explained, also where the deployment was to end anyway.
  elseif cancelRequested then decide(id, 'cancelled', ARGV[14] ~= '' and diagnosis or '')
  else decide(id, outcome, diagnosis) end
  admit()
  return reply('finished')
end

local function uncount()
  redis.call('HINCRBY', dep(id), (step == 'pin' and 'pin:counted') or ('s:' .. step .. ':counted'), -1)
end

-- Leaves the rest to another deployment, and goes on when that has ended, or at once where it has ended meanwhile.
local function waitForOther(why, goesOn)
  closeAttempt(id, step, 'waited', note, '', ARGV[17])
  emit(id, 'stage.waiting', '{"stage":"' .. step .. '","attempt":' .. attempt .. ',"note":' .. json(note) .. ',"waitsFor":' .. orNull(ARGV[17]) .. '}')
  setStage(id, step, 'waiting', note)
  giveSlotBack(id)
  if goesOn then
    setWaiting(id, why)
    emit(id, 'deployment.waiting', '{"reason":"' .. why .. '","note":' .. json(note) .. '}')
  else
    enqueue(id)
  end
  admit()
  return reply('finished')
end

if kind == 'awaits' or kind == 'awaits_database' then
  uncount()
  if cancelRequested then
    kind = 'cancelled'
  elseif kind == 'awaits_database' then
    return waitForOther('database', databaseObstacle(id))
  else
    local maker = claimant(ARGV[16])
    if maker then
      set(id, 'awaits', ARGV[16])
      redis.call('ZADD', P .. 'claim-waiters:' .. ARGV[16], get(id, 'accepted'), id)
    end
    return waitForOther('result', maker)
  end
end

if kind == 'handed_back' then
  uncount()
  return tryAgain(0)
end

if kind == 'failed' then
  -- What a cancelled deployment leaves behind is put away as surely as any other's.
  if retryAfterMs ~= '' and (step == 'cleanup' or not cancelRequested) then return tryAgain(math.max(1, tonumber(retryAfterMs))) end
  endStage('failed', note)
  emit(id, 'stage.failed', '{"stage":"' .. stage .. '","attempt":' .. attempt .. ',"note":' .. json(note) .. ',"retryAt":null}')
  return goOn('failed')
end

if kind == 'timed_out' then
  endStage('timed_out', note)
  emit(id, 'stage.timed_out', '{"stage":"' .. stage .. '","attempt":' .. attempt .. ',"limitMs":' .. ARGV[13] .. '}')
  return goOn('timed_out')
end

if kind == 'cancelled' then
  endStage('cancelled')
  emit(id, 'stage.cancelled', '{"stage":"' .. stage .. '"}')
  return goOn('cancelled')
end

if kind == 'superseded' then
  endStage('skipped', note)
  if step == 'pin' then set(id, 'stale', note) end
  emit(id, 'stage.skipped', '{"stage":"' .. stage .. '","note":' .. json(note) .. '}')
  return goOn('superseded')
end

if ARGV[8] ~= '' then
  set(id, 'commit', ARGV[8])
  emit(id, 'deployment.pinned', '{"commit":' .. ARGV[8] .. '}')
end
if ARGV[9] ~= '' then
  set(id, 'plan', ARGV[9])
  emit(id, 'deployment.planned', '{"plan":' .. ARGV[9] .. '}')
end
if ARGV[10] ~= '' then set(id, 'placement', ARGV[10]) end
for index = 18, #ARGV, 2 do set(id, 'artifact:' .. ARGV[index], ARGV[index + 1]) end

if step == 'pin' then
  giveSlotBack(id)
  set(id, 'step', 'source')
  enqueueAndAdmit(id)
  return reply('finished')
end

close(kind, note)
setStage(id, step, kind, note)
set(id, 's:' .. step .. ':cache', cache)
if kind == 'skipped' then
  emit(id, 'stage.skipped', '{"stage":"' .. step .. '","note":' .. json(note) .. '}')
else
  local noteJson = 'null'
  if note ~= '' then noteJson = json(note) end
  emit(id, 'stage.succeeded', '{"stage":"' .. step .. '","attempt":' .. attempt .. ',"cache":' .. orNull(cache) .. ',"note":' .. noteJson .. '}')
end

if step == 'cleanup' or step == 'switch' or cancelRequested then return goOn('succeeded') end
if step == 'migrate' then leaveDatabases(id) end
giveSlotBack(id)
set(id, 'step', STAGES[STEP_INDEX[step] + 1])
enqueueAndAdmit(id)
return reply('finished')
`;
