/**
 * Sets variables of an environment, or of all previews of an app, all or none.
 *
 * ARGV[2]  id of the environment or app
 * ARGV[3]  key of its record, without the prefix
 * ARGV[4]  most variables there may be
 * ARGV[5]  most versions that are kept
 * ARGV[6…] name, variable, and what is recorded of the change, both as JSON without its version, in threes
 *
 * Answers 'gone' where there is no such owner, 'too-many', or the version.
 */
export const SET_VARIABLES = `
local owner = P .. ARGV[3]
local key = P .. 'variables:' .. ARGV[2]
if redis.call('EXISTS', owner) == 0 then return 'gone' end
local count = redis.call('HLEN', key)
for index = 6, #ARGV, 3 do
  if redis.call('HEXISTS', key, ARGV[index]) == 0 then count = count + 1 end
end
if count > tonumber(ARGV[4]) then return 'too-many' end
local version = redis.call('HINCRBY', owner, 'variablesVersion', 1)
local versions = P .. 'variable-versions:' .. ARGV[2]
local head = '{"version":' .. version .. ','
for index = 6, #ARGV, 3 do
  redis.call('HSET', key, ARGV[index], head .. string.sub(ARGV[index + 1], 2))
  redis.call('LPUSH', versions, head .. string.sub(ARGV[index + 2], 2))
end
redis.call('LTRIM', versions, 0, tonumber(ARGV[5]) - 1)
return version
`;

/**
 * Removes variables of an environment, or of all previews of an app.
 *
 * ARGV[2]  id of the environment or app
 * ARGV[3]  key of its record, without the prefix
 * ARGV[4]  most versions that are kept
 * ARGV[5…] name, and what is recorded of its removal as JSON without its version, in pairs
 *
 * Answers the names of those that were there.
 */
export const REMOVE_VARIABLES = `
local removed, records = {}, {}
for index = 5, #ARGV, 2 do
  if redis.call('HDEL', P .. 'variables:' .. ARGV[2], ARGV[index]) == 1 then
    removed[#removed + 1] = ARGV[index]
    records[#records + 1] = ARGV[index + 1]
  end
end
if #removed == 0 then return removed end
local version = redis.call('HINCRBY', P .. ARGV[3], 'variablesVersion', 1)
local versions = P .. 'variable-versions:' .. ARGV[2]
for _, record in ipairs(records) do
  redis.call('LPUSH', versions, '{"version":' .. version .. ',' .. string.sub(record, 2))
end
redis.call('LTRIM', versions, 0, tonumber(ARGV[4]) - 1)
return removed
`;
