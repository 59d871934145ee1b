import { LIMITS } from '@switchyard/domain';

/**
 * Shared by the scripts that change how many instances run. `instanceId` and `routeId` are what new ids begin with.
 *
 * An instance that is taken away leaves the table in the same step in which the route gets a new id: a router that has acknowledged the
 * new id sends it nothing any more, and until then its runner does not believe that it is idle.
 */
export const SCALE = `
local made = 0

local function isStopped(route) return type(route.stopped) == 'table' end

local function changeRoute(environment, text, route, routeId)
  made = made + 1
  local changed = string.gsub(text, '"id":"' .. route.id .. '"', '"id":"' .. routeId .. 'x' .. made .. '"', 1)
  redis.call('HSET', P .. 'routes', environment, changed)
  redis.call('INCR', P .. 'table-version')
  redis.call('PUBLISH', P .. 'table', '')
end

local function running(deployment)
  local found = {}
  for _, id in ipairs(redis.call('SMEMBERS', P .. 'instances-of:' .. deployment)) do
    local document = redis.call('HGET', P .. 'desired', id)
    if document and redis.call('HEXISTS', P .. 'drains', id) == 0 then
      local endpoint = redis.call('HGET', P .. 'endpoints', id)
      local desired = cjson.decode(document)
      found[#found + 1] = {
        id = id, document = document, host = desired.hostId, since = desired.createdAt,
        ready = endpoint and cjson.decode(endpoint).ready or false,
      }
    end
  end
  -- Those that serve, oldest first.
  table.sort(found, function(a, b)
    if a.ready ~= b.ready then return a.ready end
    if a.since ~= b.since then return a.since < b.since end
    return a.id < b.id
  end)
  return found
end

local function takeAway(instance)
  redis.call('HSETNX', P .. 'drains', instance.id, string.format('%.0f', tonumber(now) + ${LIMITS.drainTimeoutMs}))
  redis.call('HDEL', P .. 'endpoints', instance.id)
  redis.call('PUBLISH', P .. 'desired-of:' .. instance.host, '')
end

local function addLike(instance, environment, deployment, instanceId)
  made = made + 1
  local id = instanceId .. 'x' .. made
  local document = string.gsub(instance.document, '"id":"' .. instance.id .. '"', '"id":"' .. id .. '"', 1)
  document = string.gsub(document, '"createdAt":%d+', '"createdAt":' .. now, 1)
  redis.call('HSET', P .. 'desired', id, document)
  redis.call('SADD', P .. 'instances-of:' .. deployment, id)
  redis.call('SADD', P .. 'instances-of-env:' .. environment, id)
  redis.call('SADD', P .. 'desired-of:' .. instance.host, id)
  redis.call('PUBLISH', P .. 'desired-of:' .. instance.host, '')
end

-- Brings what runs of an environment's live releases to the number that its app asks for.
local function scale(environment, instanceId, routeId)
  local text = redis.call('HGET', P .. 'routes', environment)
  if not text then return 0, 0 end
  local route = cjson.decode(text)
  if isStopped(route) then return 0, 0 end
  local wanted = tonumber(redis.call('HGET', P .. 'app:' .. route.appId, 'replicas') or '') or 1
  local added, taken = 0, 0
  for _, weight in ipairs(route.weights) do
    local instances = running(weight.deploymentId)
    for index = wanted + 1, #instances do
      takeAway(instances[index])
      taken = taken + 1
    end
    -- Where none is left there is nothing to start another one like.
    if #instances > 0 then
      for _ = #instances + 1, wanted do
        addLike(instances[1], environment, weight.deploymentId, instanceId)
        added = added + 1
      end
    end
  end
  if taken > 0 then changeRoute(environment, text, route, routeId) end
  return added, taken
end
`;

/**
 * Brings an environment's instances to the number that its app's settings ask for.
 *
 * ARGV[2]  environment id
 * ARGV[3]  what the ids of new instances begin with
 * ARGV[4]  what a new route id begins with
 *
 * Answers {added, taken away}.
 */
export const SCALE_ENVIRONMENT = `
${SCALE}
local added, taken = scale(ARGV[2], ARGV[3], ARGV[4])
return {added, taken}
`;

/**
 * Takes an environment's instances away and leaves a route that says so. Deployments that were accepted before do not go live any more.
 *
 * ARGV[2]  environment id
 * ARGV[3]  what a new route id begins with
 *
 * Answers 'stopped' (also where it was), or 'nothing-live'.
 */
export const STOP_ENVIRONMENT = `
${SCALE}
local environment = ARGV[2]
local text = redis.call('HGET', P .. 'routes', environment)
if not text then return 'nothing-live' end
local route = cjson.decode(text)
if isStopped(route) then return 'stopped' end
for _, weight in ipairs(route.weights) do
  for _, instance in ipairs(running(weight.deploymentId)) do takeAway(instance) end
end
local stopped = '"stopped":{"at":' .. now .. ',"before":' .. (redis.call('HGET', P .. 'app:' .. route.appId, 'counter') or '0') .. '}'
changeRoute(environment, string.sub(text, 1, -2) .. ',' .. stopped .. '}', route, ARGV[3])
return 'stopped'
`;
