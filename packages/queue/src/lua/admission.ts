/**
 * Slots: how many wake-ups may be under way at once, of the farm, a team and an app. The limits are read whenever they are needed, so that
 * a change of one holds from the next admission on.
 *
 * A lane is what its keys begin with: '' for the stages, 'pin-' for pins, which have slots of their own. A pin takes a second and must not
 * wait behind builds; and five hundred of them must not stand in a queue in front of another team's.
 */
export const SLOTS = `
local LANES = {'', 'pin-'}

local function laneOf(id)
  if get(id, 'step') == 'pin' then return 'pin-' end
  return ''
end

local function limitOf(key, name) return tonumber(redis.call('HGET', P .. key, name) or '') end
local function farmLimit(name) return limitOf('limits', name) or FARM_LIMITS[name] end

local function slotsOfFarm(lane)
  if lane == 'pin-' then return PIN_SLOTS.farm end
  return farmLimit('slots')
end

local function slotsOfTeam(lane, team)
  if lane == 'pin-' then return PIN_SLOTS.team end
  return limitOf('team:' .. team, 'slots') or farmLimit('slotsPerTeam')
end

local function slotsOfApp(lane, app)
  if lane == 'pin-' then return PIN_SLOTS.app end
  return limitOf('app:' .. app, 'slots') or farmLimit('slotsPerApp')
end

local function unfinishedOfTeam(team) return limitOf('team:' .. team, 'unfinished') or farmLimit('unfinishedPerTeam') end
local function unfinishedOfApp(app) return limitOf('app:' .. app, 'unfinished') or farmLimit('unfinishedPerApp') end

local function takenOf(lane, scope) return redis.call('SCARD', P .. lane .. 'slots:' .. scope) end

local function hasSlot(id) return redis.call('SISMEMBER', P .. laneOf(id) .. 'slots:farm', id) == 1 end

local function slotIsFree(id)
  local lane, team, app = laneOf(id), get(id, 'teamId'), get(id, 'appId')
  return takenOf(lane, 'farm') < slotsOfFarm(lane)
    and takenOf(lane, 'team:' .. team) < slotsOfTeam(lane, team)
    and takenOf(lane, 'app:' .. app) < slotsOfApp(lane, app)
end

local function takeSlot(id)
  local slots = P .. laneOf(id) .. 'slots:'
  redis.call('SADD', slots .. 'farm', id)
  redis.call('SADD', slots .. 'team:' .. get(id, 'teamId'), id)
  redis.call('SADD', slots .. 'app:' .. get(id, 'appId'), id)
end

-- A team's heads are its apps that may get a slot, each ranked as the first of its own that waits. An app whose slots are found taken
-- leaves them, and comes back when one is given back: an admission never looks through what waits.
local function noteHead(lane, team, app)
  local first = redis.call('ZRANGE', P .. lane .. 'waiting-of-app:' .. app, 0, 0, 'WITHSCORES')
  if first[1] then redis.call('ZADD', P .. lane .. 'heads:' .. team, first[2], app)
  else redis.call('ZREM', P .. lane .. 'heads:' .. team, app) end
end

local function giveSlotBack(id)
  for _, lane in ipairs(LANES) do
    if redis.call('SREM', P .. lane .. 'slots:farm', id) == 1 then
      local team, app = get(id, 'teamId'), get(id, 'appId')
      redis.call('SREM', P .. lane .. 'slots:team:' .. team, id)
      redis.call('SREM', P .. lane .. 'slots:app:' .. app, id)
      noteHead(lane, team, app)
    end
  end
end

local function leaveQueue(id)
  local lane, team, app = laneOf(id), get(id, 'teamId'), get(id, 'appId')
  if redis.call('ZREM', P .. lane .. 'waiting:' .. team, id) == 0 then return end
  redis.call('ZREM', P .. lane .. 'waiting-of-app:' .. app, id)
  noteHead(lane, team, app)
end

local function setWaiting(id, why)
  if get(id, 'waiting') ~= why then set(id, 'waiting', why, 'waitingSince', now) end
end
`;

/**
 * Who gets a slot: teams in turn; within a team later stages first, then production before previews, then the order of acceptance.
 * Uses `hand` and `stopWaiting`; defines `enqueue`.
 */
export const ADMIT = `
enqueue = function(id)
  local lane, team, app = laneOf(id), get(id, 'teamId'), get(id, 'appId')
  local stagesToGo = 9 - STEP_INDEX[get(id, 'step')]
  local behindProduction = get(id, 'preview') == '1' and 1 or 0
  local rank = (stagesToGo * 2 + behindProduction) * 1e12 + tonumber(get(id, 'accepted'))
  redis.call('ZADD', P .. lane .. 'waiting:' .. team, rank, id)
  redis.call('ZADD', P .. lane .. 'waiting-of-app:' .. app, rank, id)
  noteHead(lane, team, app)
  if not redis.call('ZSCORE', P .. lane .. 'turns', team) then
    redis.call('ZADD', P .. lane .. 'turns', redis.call('INCR', P .. 'turn'), team)
  end
  setWaiting(id, 'slot')
end

local function admitOneOf(lane, team)
  if takenOf(lane, 'team:' .. team) >= slotsOfTeam(lane, team) then return false end
  while true do
    local app = redis.call('ZRANGE', P .. lane .. 'heads:' .. team, 0, 0)[1]
    if not app then
      if redis.call('EXISTS', P .. lane .. 'waiting:' .. team) == 0 then redis.call('ZREM', P .. lane .. 'turns', team) end
      return false
    end
    local id = redis.call('ZRANGE', P .. lane .. 'waiting-of-app:' .. app, 0, 0)[1]
    if id and takenOf(lane, 'app:' .. app) < slotsOfApp(lane, app) then
      takeSlot(id)
      stopWaiting(id)
      hand(id)
      redis.call('ZADD', P .. lane .. 'turns', redis.call('INCR', P .. 'turn'), team)
      return true
    end
    redis.call('ZREM', P .. lane .. 'heads:' .. team, app)
  end
end

local function admitTo(lane)
  local room = slotsOfFarm(lane) - takenOf(lane, 'farm')
  if room <= 0 then return end
  local teams = redis.call('ZRANGE', P .. lane .. 'turns', 0, -1)
  while room > 0 and #teams > 0 do
    local left = {}
    for _, team in ipairs(teams) do
      if room > 0 and admitOneOf(lane, team) then
        room = room - 1
        left[#left + 1] = team
      end
    end
    teams = left
  end
end

-- Moves work into the outbox while a slot is free.
local function admit()
  for _, lane in ipairs(LANES) do admitTo(lane) end
end

local function enqueueAndAdmit(id)
  enqueue(id)
  admit()
  if get(id, 'waiting') == 'slot' then
    emit(id, 'deployment.waiting', '{"reason":"slot","note":"Waits for a free slot."}')
  end
end
`;
