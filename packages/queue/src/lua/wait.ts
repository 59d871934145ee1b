import { LIMITS, STAGES } from '@switchyard/domain';

const STARTS_AND_ENDS = STAGES.flatMap((stage) => [`'s:${stage}:startedAt'`, `'s:${stage}:endedAt'`]).join(', ');

/**
 * Why a deployment waits. Reads a bounded number of keys, whatever waits: the other teams, and the newest deployments.
 *
 * ARGV[2]  deployment id
 *
 * Answers {''} for one that does not wait, or, times and numbers as text, '' where they are not known:
 * {'slot', since, {taken and limit of farm, team, app}, {ahead and of, in the app, in the team}, {waiting and is-first of each other team},
 *  {durations of stages of the app}, {of the farm}}, {'gate', since, holder, its number, its entry, {durations from migrate to switch}},
 * {'hold', since, hold as JSON}, {'retry', since, at}, {'result', since, maker, its number},
 * {'database', since, 'line' | 'hold' | '', deployment before it or that is the hold's where it is the same team's, its number, {ahead, of}}.
 */
export const WAIT = `
local id = ARGV[2]
local reason, since = get(id, 'waiting'), get(id, 'waitingSince')
local team, app, environment = get(id, 'teamId'), get(id, 'appId'), get(id, 'environmentId')

local function newest(key) return redis.call('ZREVRANGE', P .. key, 0, ${LIMITS.estimateDeployments - 1}) end

local function stageDurations(key)
  local durations = {}
  for _, other in ipairs(newest(key)) do
    local times = redis.call('HMGET', dep(other), ${STARTS_AND_ENDS})
    for index = 1, #times, 2 do
      local from, to = tonumber(times[index] or ''), tonumber(times[index + 1] or '')
      if from and to then durations[#durations + 1] = to - from end
    end
  end
  return durations
end

if reason == 'slot' then
  local lane = laneOf(id)
  local ownTurn = tonumber(redis.call('ZSCORE', P .. lane .. 'turns', team) or '') or 0
  local others = {}
  local turns = redis.call('ZRANGE', P .. lane .. 'turns', 0, -1, 'WITHSCORES')
  for index = 1, #turns, 2 do
    if turns[index] ~= team then
      others[#others + 1] = redis.call('ZCARD', P .. lane .. 'waiting:' .. turns[index])
      others[#others + 1] = tonumber(turns[index + 1]) < ownTurn and 1 or 0
    end
  end
  local row = {}
  for _, key in ipairs({'waiting-of-app:' .. app, 'waiting:' .. team}) do
    row[#row + 1] = redis.call('ZRANK', P .. lane .. key, id) or 0
    row[#row + 1] = redis.call('ZCARD', P .. lane .. key)
  end
  return {'slot', since, {
    takenOf(lane, 'farm'), slotsOfFarm(lane), takenOf(lane, 'team:' .. team), slotsOfTeam(lane, team),
    takenOf(lane, 'app:' .. app), slotsOfApp(lane, app),
  }, row, others,
    -- Pins leave no record of how long they took.
    lane == '' and stageDurations('deps-of:' .. app) or {}, lane == '' and stageDurations('deps-recent') or {}}
end

if reason == 'gate' then
  local durations = {}
  for _, other in ipairs(newest('deps-of:' .. app)) do
    local times = redis.call('HMGET', dep(other), 's:migrate:startedAt', 's:package:startedAt', 's:switch:endedAt')
    local from, to = tonumber(times[1] or '') or tonumber(times[2] or ''), tonumber(times[3] or '')
    if from and to then durations[#durations + 1] = to - from end
  end
  local holder = redis.call('HGET', P .. 'env:' .. environment, 'gateHolder') or ''
  local number, entered = '', ''
  if holder ~= '' then
    number = get(holder, 'number')
    for _, stage in ipairs({'switch', 'health', 'package', 'migrate'}) do
      local started = get(holder, 's:' .. stage .. ':startedAt')
      if started ~= '' then entered = started end
    end
  end
  return {'gate', since, holder, number, entered, durations}
end

if reason == 'hold' then return {'hold', since, redis.call('HGET', P .. 'env:' .. environment, 'hold') or ''} end
if reason == 'retry' then return {'retry', since, get(id, 'retryAt')} end
if reason == 'result' then
  local maker = claimant(get(id, 'awaits')) or ''
  return {'result', since, maker, maker == '' and '' or get(maker, 'number')}
end
if reason == 'database' then
  local obstacle, what = databaseObstacle(id)
  local other = what or ''
  if obstacle == 'hold' then other = cjson.decode(what).deploymentId end
  if other ~= '' and get(other, 'teamId') ~= team then other = '' end
  local ahead, of = 0, 0
  for _, name in ipairs(databasesOf(id)) do
    ahead = math.max(ahead, redis.call('ZRANK', databaseLine(name), id) or 0)
    of = math.max(of, redis.call('ZCARD', databaseLine(name)))
  end
  return {'database', since, obstacle or '', other, other == '' and '' or get(other, 'number'), {ahead, of}}
end
return {''}
`;
