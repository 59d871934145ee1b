/**
 * Sets variables of an environment, all or none.
 *
 * ARGV[2]  environment id
 * ARGV[3]  most variables there may be
 * ARGV[4…] name and variable as JSON without its version, in pairs
 *
 * Answers 'gone' where there is no such environment, 'too-many', or the version.
 */
export const SET_VARIABLES = `
local environment = P .. 'env:' .. ARGV[2]
local key = P .. 'variables:' .. ARGV[2]
if redis.call('EXISTS', environment) == 0 then return 'gone' end
local count = redis.call('HLEN', key)
for index = 4, #ARGV, 2 do
  if redis.call('HEXISTS', key, ARGV[index]) == 0 then count = count + 1 end
end
if count > tonumber(ARGV[3]) then return 'too-many' end
local version = redis.call('HINCRBY', environment, 'variablesVersion', 1)
for index = 4, #ARGV, 2 do
  redis.call('HSET', key, ARGV[index], '{"version":' .. version .. ',' .. string.sub(ARGV[index + 1], 2))
end
return version
`;

/**
 * Removes variables of an environment.
 *
 * ARGV[2]  environment id
 * ARGV[3…] names
 *
 * Answers the names of those that were there.
 */
export const REMOVE_VARIABLES = `
local removed = {}
for index = 3, #ARGV do
  if redis.call('HDEL', P .. 'variables:' .. ARGV[2], ARGV[index]) == 1 then removed[#removed + 1] = ARGV[index] end
end
if #removed > 0 then redis.call('HINCRBY', P .. 'env:' .. ARGV[2], 'variablesVersion', 1) end
return removed
`;
