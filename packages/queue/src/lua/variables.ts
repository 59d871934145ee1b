/**
 * Sets variables of an environment, or of all previews of an app, all or none.
 *
 * ARGV[2]  id of the environment or app
 * ARGV[3]  key of its record, without the prefix
 * ARGV[4]  most variables there may be
 * ARGV[5…] name and variable as JSON without its version, in pairs
 *
 * Answers 'gone' where there is no such owner, 'too-many', or the version.
 */
export const SET_VARIABLES = `
local owner = P .. ARGV[3]
local key = P .. 'variables:' .. ARGV[2]
if redis.call('EXISTS', owner) == 0 then return 'gone' end
local count = redis.call('HLEN', key)
for index = 5, #ARGV, 2 do
  if redis.call('HEXISTS', key, ARGV[index]) == 0 then count = count + 1 end
end
if count > tonumber(ARGV[4]) then return 'too-many' end
local version = redis.call('HINCRBY', owner, 'variablesVersion', 1)
for index = 5, #ARGV, 2 do
  redis.call('HSET', key, ARGV[index], '{"version":' .. version .. ',' .. string.sub(ARGV[index + 1], 2))
end
return version
`;

/**
 * Removes variables of an environment, or of all previews of an app.
 *
 * ARGV[2]  id of the environment or app
 * ARGV[3]  key of its record, without the prefix
 * ARGV[4…] names
 *
 * Answers the names of those that were there.
 */
export const REMOVE_VARIABLES = `
local removed = {}
for index = 4, #ARGV do
  if redis.call('HDEL', P .. 'variables:' .. ARGV[2], ARGV[index]) == 1 then removed[#removed + 1] = ARGV[index] end
end
if #removed > 0 then redis.call('HINCRBY', P .. ARGV[3], 'variablesVersion', 1) end
return removed
`;
