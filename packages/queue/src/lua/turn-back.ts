/**
 * Puts an environment's route back on what was live before a deployment took it. The owner stays: what is older than the one that was turned
 * back goes live no more than before.
 *
 * ARGV[2]  deployment id
 * ARGV[3]  least number of ready endpoints of what was live before
 * ARGV[4]  a new route id
 * ARGV[5]  why, in a sentence
 *
 * Answers {'turned-back', route id} or {'not-found' | 'not-live' | 'nothing-before' | 'not-ready', ''}. A second call after success answers
 * with the first one's route, until somebody moves it on.
 * Events: deployment.turned_back.
 */
export const TURN_BACK = `
local id = ARGV[2]
if redis.call('EXISTS', dep(id)) == 0 then return {'not-found', ''} end
local environment = get(id, 'environmentId')
local text = redis.call('HGET', P .. 'routes', environment)
if not text then return {'not-live', ''} end
local route = cjson.decode(text)
if get(id, 'turnedBackAt') ~= '' then
  if get(id, 'turnedBackTo') == route.id then return {'turned-back', route.id} end
  return {'not-live', ''}
end
local live = route.weights[1]
if type(route.stopped) == 'table' or not live or live.deploymentId ~= id then return {'not-live', ''} end
if not RESTARTS[get(id, 'trigger')] and route.owner ~= tonumber(get(id, 'number')) then return {'not-live', ''} end

local before = get(id, 'routeBefore')
if before == '' then return {'nothing-before', ''} end
local earlier = cjson.decode(before)
if type(earlier.stopped) == 'table' or not earlier.weights[1] then return {'nothing-before', ''} end
local target = earlier.weights[1]
local ready = 0
for _, instance in ipairs(redis.call('SMEMBERS', P .. 'instances-of:' .. target.deploymentId)) do
  local endpoint = redis.call('HGET', P .. 'endpoints', instance)
  local drains = redis.call('HEXISTS', P .. 'drains', instance) == 1
  if endpoint and not drains and cjson.decode(endpoint).ready then ready = ready + 1 end
end
if ready < tonumber(ARGV[3]) then return {'not-ready', ''} end

-- The text is changed and not made anew: cjson writes an empty list as an object.
local back = string.gsub(before, '"id":"' .. earlier.id .. '"', '"id":"' .. ARGV[4] .. '"', 1)
back = string.gsub(back, '"owner":%d+', '"owner":' .. string.format('%d', route.owner), 1)
back = string.gsub(back, '"at":%d+', '"at":' .. now, 1)
redis.call('HSET', P .. 'routes', environment, back)
redis.call('INCR', P .. 'table-version')
redis.call('PUBLISH', P .. 'table', '')
set(id, 'turnedBackAt', now, 'turnedBackTo', ARGV[4])
emit(id, 'deployment.turned_back', '{"releaseId":"' .. target.releaseId .. '","reason":' .. json(ARGV[5]) .. '}')
return {'turned-back', ARGV[4]}
`;
