import { WITHDRAW } from './withdraw.ts';

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
 * Sends no new requests to instances and lets them end by a time. What has come back into the route meanwhile goes on.
 *
 * ARGV[2]  until, in milliseconds
 * ARGV[3…] instance ids
 */
export const DRAIN_INSTANCES = `
local function isLive(desired)
  local text = redis.call('HGET', P .. 'routes', desired.environmentId)
  if not text then return false end
  for _, weight in ipairs(cjson.decode(text).weights) do
    if weight.deploymentId == desired.deploymentId then return true end
  end
  return false
end

for index = 3, #ARGV do
  local document = redis.call('HGET', P .. 'desired', ARGV[index])
  if document and not isLive(cjson.decode(document)) then
    redis.call('HSETNX', P .. 'drains', ARGV[index], ARGV[2])
    redis.call('PUBLISH', P .. 'desired-of:' .. cjson.decode(document).hostId, '')
  end
end
return 0
`;
