/**
 * Appends log lines under a lease.
 *
 * ARGV[2]  deployment id
 * ARGV[3]  token
 * ARGV[4]  data of the log event as JSON
 *
 * Answers the event's id, or 0 when the lease is lost.
 */
export const APPEND_LOG = `
local id = ARGV[2]
if get(id, 'lease') ~= ARGV[3] then return 0 end
local sequence = redis.call('HINCRBY', dep(id), 'sequence', 1)
local event = '{"id":' .. sequence .. ',"type":"log","at":' .. now .. ',"deploymentId":"' .. id .. '","data":' .. ARGV[4] .. '}'
redis.call('XADD', P .. 'logs:' .. id, sequence .. '-0', 'e', event)
redis.call('PUBLISH', P .. 'events:' .. id, event)
return sequence
`;

/**
 * Keeps a release under a lease; the first one of a deployment wins.
 *
 * ARGV[2]  deployment id
 * ARGV[3]  token
 * ARGV[4]  release id
 * ARGV[5]  release as JSON
 *
 * Answers {release JSON, liveAt} of the one that holds, or {'', ''} when the lease is lost.
 */
export const PUT_RELEASE = `
local id = ARGV[2]
if get(id, 'lease') ~= ARGV[3] then return {'', ''} end
local holding = get(id, 'ownRelease')
if holding == '' then
  holding = ARGV[4]
  set(id, 'ownRelease', holding)
  redis.call('HSET', P .. 'release:' .. holding, 'doc', ARGV[5], 'liveAt', '')
  redis.call('ZADD', P .. 'releases-of:' .. get(id, 'environmentId'), 0, holding)
end
return {redis.call('HGET', P .. 'release:' .. holding, 'doc') or '', redis.call('HGET', P .. 'release:' .. holding, 'liveAt') or ''}
`;

/**
 * Makes instances desired under a lease; the first set of a deployment wins.
 *
 * ARGV[2]  deployment id
 * ARGV[3]  token
 * ARGV[4…] instance id, host id, instance as JSON
 *
 * Answers {'held'} or {'kept', instance JSON …}.
 */
export const DESIRE_INSTANCES = `
local id = ARGV[2]
if get(id, 'lease') ~= ARGV[3] then return {'lease-lost'} end
local own = P .. 'instances-of:' .. id
if redis.call('SCARD', own) == 0 then
  for index = 4, #ARGV, 3 do
    local instance, host = ARGV[index], ARGV[index + 1]
    redis.call('HSET', P .. 'desired', instance, ARGV[index + 2])
    redis.call('SADD', own, instance)
    redis.call('SADD', P .. 'instances-of-env:' .. get(id, 'environmentId'), instance)
    redis.call('SADD', P .. 'desired-of:' .. host, instance)
    redis.call('PUBLISH', P .. 'desired-of:' .. host, '')
  end
end
local answer = {'kept'}
for _, instance in ipairs(redis.call('SMEMBERS', own)) do
  local document = redis.call('HGET', P .. 'desired', instance)
  if document then answer[#answer + 1] = document end
end
return answer
`;

const WITHDRAW = `
local function withdraw(instance)
  local document = redis.call('HGET', P .. 'desired', instance)
  if not document then return end
  local desired = cjson.decode(document)
  redis.call('HDEL', P .. 'desired', instance)
  redis.call('HDEL', P .. 'drains', instance)
  redis.call('SREM', P .. 'instances-of:' .. desired.deploymentId, instance)
  redis.call('SREM', P .. 'instances-of-env:' .. desired.environmentId, instance)
  redis.call('SREM', P .. 'desired-of:' .. desired.hostId, instance)
  if redis.call('HDEL', P .. 'endpoints', instance) == 1 then
    redis.call('INCR', P .. 'table-version')
    redis.call('PUBLISH', P .. 'table', '')
  end
  redis.call('PUBLISH', P .. 'desired-of:' .. desired.hostId, '')
end
`;

/**
 * Withdraws instances, their endpoints with them.
 *
 * ARGV[2…]  instance ids
 */
export const WITHDRAW_INSTANCES = `
${WITHDRAW}
for index = 2, #ARGV do withdraw(ARGV[index]) end
return 0
`;

/**
 * Sends no new requests to instances and lets them end by a time.
 *
 * ARGV[2]  until, in milliseconds
 * ARGV[3…] instance ids
 */
export const DRAIN_INSTANCES = `
for index = 3, #ARGV do
  local document = redis.call('HGET', P .. 'desired', ARGV[index])
  if document then
    redis.call('HSETNX', P .. 'drains', ARGV[index], ARGV[2])
    redis.call('PUBLISH', P .. 'desired-of:' .. cjson.decode(document).hostId, '')
  end
end
return 0
`;

/**
 * Makes a one-off desired under a lease; the first one of a deployment wins.
 *
 * ARGV[2]  deployment id
 * ARGV[3]  token
 * ARGV[4]  one-off id
 * ARGV[5]  host id
 * ARGV[6]  one-off as JSON
 *
 * Answers the JSON of the one that holds, or '' when the lease is lost.
 */
export const DESIRE_ONE_OFF = `
local id = ARGV[2]
if get(id, 'lease') ~= ARGV[3] then return '' end
local own = P .. 'one-off-of:' .. id
local holding = redis.call('GET', own)
if not holding then
  holding = ARGV[4]
  redis.call('SET', own, holding)
  redis.call('HSET', P .. 'one-off:' .. holding, 'doc', ARGV[6], 'state', 'wanted')
  redis.call('SADD', P .. 'one-offs-of:' .. ARGV[5], holding)
  redis.call('PUBLISH', P .. 'one-offs-of:' .. ARGV[5], '')
end
return redis.call('HGET', P .. 'one-off:' .. holding, 'doc') or ''
`;

/**
 * Writes a one-off's next state when it is a step forward.
 *
 * ARGV[2]  one-off id
 * ARGV[3]  state
 * ARGV[4]  one-off as JSON, or '' to withdraw it before it started
 *
 * Answers the state that holds afterwards, '' where there is no such one-off.
 */
export const ADVANCE_ONE_OFF = `
local FORWARD = {wanted = {running = true, exited = true, unknown = true, cancelled = true}, running = {exited = true, unknown = true}}
local key = P .. 'one-off:' .. ARGV[2]
local state = redis.call('HGET', key, 'state')
if not state then return '' end
if not (FORWARD[state] and FORWARD[state][ARGV[3]]) then return state end
redis.call('HSET', key, 'state', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', key, 'doc', ARGV[4]) end
redis.call('PUBLISH', P .. 'one-off', ARGV[2])
return ARGV[3]
`;

/**
 * Frees an app's name and takes what is live of it away.
 *
 * ARGV[2]  app id
 *
 * Answers the ids of its unfinished deployments.
 */
export const REMOVE_APP = `
${WITHDRAW}
local app = ARGV[2]
local key = P .. 'app:' .. app
local document = redis.call('HGET', key, 'doc')
if not document then return {} end
redis.call('HSET', key, 'deleting', '1')
local name = cjson.decode(document).name
if redis.call('HGET', P .. 'app-names', name) == app then redis.call('HDEL', P .. 'app-names', name) end
redis.call('SADD', P .. 'deleting-apps', app)
for _, environment in ipairs(redis.call('SMEMBERS', P .. 'envs-of:' .. app)) do
  redis.call('HDEL', P .. 'routes', environment)
  for _, instance in ipairs(redis.call('SMEMBERS', P .. 'instances-of-env:' .. environment)) do withdraw(instance) end
end
redis.call('INCR', P .. 'table-version')
redis.call('PUBLISH', P .. 'table', '')
return redis.call('SMEMBERS', P .. 'unfinished-of-app:' .. app)
`;

/**
 * Makes an app and its production environment.
 *
 * ARGV[2]  most apps there may be
 * ARGV[3]  name
 * ARGV[4]  app id
 * ARGV[5]  app as JSON
 * ARGV[6]  environment id
 * ARGV[7]  environment as JSON
 *
 * Answers 'created', 'app-exists' or 'too-many-apps'.
 */
export const CREATE_APP = `
if redis.call('HEXISTS', P .. 'app-names', ARGV[3]) == 1 then return 'app-exists' end
if redis.call('HLEN', P .. 'app-names') >= tonumber(ARGV[2]) then return 'too-many-apps' end
redis.call('HSET', P .. 'app-names', ARGV[3], ARGV[4])
redis.call('HSET', P .. 'app:' .. ARGV[4], 'doc', ARGV[5], 'counter', 0, 'deleting', '0')
redis.call('SADD', P .. 'envs-of:' .. ARGV[4], ARGV[6])
redis.call('HSET', P .. 'env:' .. ARGV[6], 'doc', ARGV[7], 'gateHolder', '', 'hold', '')
return 'created'
`;
