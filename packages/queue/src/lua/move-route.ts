/**
 * Puts an environment's route on a deployment's instances.
 *
 * ARGV[2]  deployment id
 * ARGV[3]  token
 * ARGV[4]  least number of ready endpoints
 * ARGV[5]  release id
 * ARGV[6]  a new route id
 * ARGV[7]  the new route as JSON (id ARGV[6]), with @OWNER@ where its owner goes
 * ARGV[8]  hold on automatic deployments as JSON, or ''
 *
 * Answers {'moved', route id} or {'not-ready' | 'outdated' | 'stopped' | 'cancelled' | 'lease-lost', ''}. A second call after success answers with
 * the first one's route.
 * Events: deployment.live.
 */
export const MOVE_ROUTE = `
local id = ARGV[2]
if get(id, 'lease') ~= ARGV[3] then return {'lease-lost', ''} end
local environment = get(id, 'environmentId')
local text = redis.call('HGET', P .. 'routes', environment)
local owner = tonumber(get(id, 'number'))
local restarts = RESTARTS[get(id, 'trigger')]
-- It was live, and was taken back since: nobody puts it there a second time.
if get(id, 'turnedBackAt') ~= '' then return {'outdated', ''} end
if text then
  local route = cjson.decode(text)
  if route.weights[1] and route.weights[1].deploymentId == id and #route.weights == 1 then return {'moved', route.id} end
  if type(route.stopped) == 'table' and route.stopped.before >= owner then return {'stopped', ''} end
  local restarted = restarts and route.weights[1] and route.weights[1].releaseId == ARGV[5]
  if not restarted and route.owner > tonumber(get(id, 'number')) then return {'outdated', ''} end
  -- A restart brings nothing new: a deployment that is under way must not be overtaken by it.
  if restarted then owner = route.owner end
end
if get(id, 'cancelRequestedAt') ~= '' then return {'cancelled', ''} end
if redis.call('HGET', P .. 'app:' .. get(id, 'appId'), 'deleting') == '1' then return {'cancelled', ''} end

local ready = 0
for _, instance in ipairs(redis.call('SMEMBERS', P .. 'instances-of:' .. id)) do
  local endpoint = redis.call('HGET', P .. 'endpoints', instance)
  if endpoint and cjson.decode(endpoint).ready then ready = ready + 1 end
end
if ready < tonumber(ARGV[4]) then return {'not-ready', ''} end

redis.call('HSET', P .. 'routes', environment, (string.gsub(ARGV[7], '@OWNER@', string.format('%d', owner))))
redis.call('INCR', P .. 'table-version')
redis.call('PUBLISH', P .. 'table', '')
set(id, 'liveAt', now, 'routeBefore', text or '')
redis.call('ZADD', P .. 'releases-of:' .. environment, now, ARGV[5])
redis.call('HSET', P .. 'release:' .. ARGV[5], 'liveAt', now)
-- An automatic hold is over when a person's deployment is live; a hold on everything is a person's to lift.
local trigger = get(id, 'trigger')
local byPerson = trigger == 'api' or trigger == 'cli' or trigger == 'page'
if not heldForAll(environment) then
  if ARGV[8] ~= '' then redis.call('HSET', P .. 'env:' .. environment, 'hold', ARGV[8])
  elseif byPerson then redis.call('HSET', P .. 'env:' .. environment, 'hold', '') end
end
emit(id, 'deployment.live', '{"releaseId":"' .. ARGV[5] .. '"}')
return {'moved', ARGV[6]}
`;
