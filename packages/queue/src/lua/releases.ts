/**
 * Pins a kept release, so that it stays whatever its age, or lets it go its way again.
 *
 * ARGV[2]  release id
 * ARGV[3]  1, or 0 to unpin it
 * ARGV[4]  most pinned releases of an environment
 *
 * Answers 'done', 'not-kept' or 'too-many'.
 */
export const PIN_RELEASE = `
local key = P .. 'release:' .. ARGV[2]
local document = redis.call('HGET', key, 'doc')
if not document then return 'not-kept' end
if ARGV[3] == '0' then
  redis.call('HDEL', key, 'pinned')
  return 'done'
end
local pinned = 0
for _, other in ipairs(redis.call('ZRANGE', P .. 'releases-of:' .. cjson.decode(document).environmentId, 0, -1)) do
  if other ~= ARGV[2] and redis.call('HGET', P .. 'release:' .. other, 'pinned') == '1' then pinned = pinned + 1 end
end
if pinned >= tonumber(ARGV[4]) then return 'too-many' end
redis.call('HSET', key, 'pinned', '1')
return 'done'
`;

/**
 * Forgets a release, unless somebody has pinned it meanwhile.
 *
 * ARGV[2]  release id
 *
 * Answers 1 when it is gone, 0 when it is pinned.
 */
export const REMOVE_RELEASE = `
local key = P .. 'release:' .. ARGV[2]
local document, pinned = unpack(redis.call('HMGET', key, 'doc', 'pinned'))
if pinned == '1' then return 0 end
redis.call('DEL', key)
if document then redis.call('ZREM', P .. 'releases-of:' .. cjson.decode(document).environmentId, ARGV[2]) end
return 1
`;
