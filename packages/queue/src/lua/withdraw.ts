/** Shared by the scripts that take instances away. */
export const WITHDRAW = `
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
