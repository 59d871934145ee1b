/**
 * Shared by the scripts that make live tails shorter: takes the oldest event of an environment's tail away. Answers its bytes, 0 where
 * there is none.
 */
const DROP_OLDEST = `
local function dropOldest(environment)
  local stream = P .. 'output:' .. environment
  local entry = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  if not entry then
    redis.call('ZREM', P .. 'output-sizes', environment)
    return 0
  end
  local bytes = #entry[2][2]
  redis.call('XDEL', stream, entry[1])
  redis.call('ZINCRBY', P .. 'output-sizes', -bytes, environment)
  redis.call('DECRBY', P .. 'output-bytes', bytes)
  return bytes
end
`;

/**
 * Appends lines of an instance, once: with them its runner's cursor moves, and from another cursor they are not taken.
 *
 * ARGV[2]  environment id
 * ARGV[3]  host id
 * ARGV[4]  instance id
 * ARGV[5]  deployment id
 * ARGV[6]  the cursor before, '' for none
 * ARGV[7]  the cursor after
 * ARGV[8]  the event as JSON, without id and number
 * ARGV[9]  most bytes of the environment's tail
 * ARGV[10] most bytes of all tails
 *
 * Answers {'appended', bytes that are not in blobs}, {'elsewhere', the cursor that holds}, or {'gone', ''} where there is no such
 * environment or deployment.
 */
export const APPEND_OUTPUT = `
${DROP_OLDEST}
local environment, cursors = ARGV[2], P .. 'output-cursors:' .. ARGV[3]
local key = P .. 'env:' .. environment
local number = get(ARGV[5], 'number')
if redis.call('EXISTS', key) == 0 or number == '' then return {'gone', ''} end
local cursor = redis.call('HGET', cursors, ARGV[4]) or ''
if cursor ~= ARGV[6] then return {'elsewhere', cursor} end
redis.call('HSET', cursors, ARGV[4], ARGV[7])
local sequence = redis.call('HINCRBY', key, 'outputSequence', 1)
local event = '{"id":' .. sequence .. ',"number":' .. number .. ',' .. string.sub(ARGV[8], 2)
redis.call('XADD', P .. 'output:' .. environment, sequence .. '-0', 'e', event)
redis.call('PUBLISH', P .. 'output:' .. environment, event)
local own = tonumber(redis.call('ZINCRBY', P .. 'output-sizes', #event, environment))
local total = redis.call('INCRBY', P .. 'output-bytes', #event)
while own > tonumber(ARGV[9]) do
  local bytes = dropOldest(environment)
  if bytes == 0 then break end
  own, total = own - bytes, total - bytes
end
while total > tonumber(ARGV[10]) do
  local largest = redis.call('ZREVRANGE', P .. 'output-sizes', 0, 0)[1]
  if not largest then break end
  total = total - dropOldest(largest)
end
return {'appended', tostring(redis.call('HINCRBY', key, 'outputUnarchivedBytes', #event))}
`;

/**
 * Says up to which event an environment's output is in blobs.
 *
 * ARGV[2]  environment id
 * ARGV[3]  event id
 * ARGV[4]  bytes that were put there
 */
export const ARCHIVED_OUTPUT = `
local key = P .. 'env:' .. ARGV[2]
if redis.call('EXISTS', key) == 0 then return 0 end
local before = tonumber(redis.call('HGET', key, 'outputArchived') or '0')
if before >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', key, 'outputArchived', ARGV[3])
redis.call('HINCRBY', key, 'outputUnarchivedBytes', -tonumber(ARGV[4]))
return 1
`;

/** Takes an environment's live tail away. Shared with the scripts that remove an environment. */
export const FORGET_OUTPUT = `
local stream = P .. 'output:' .. ARGV[2]
local bytes = tonumber(redis.call('ZSCORE', P .. 'output-sizes', ARGV[2]) or '0')
redis.call('DEL', stream)
redis.call('ZREM', P .. 'output-sizes', ARGV[2])
redis.call('DECRBY', P .. 'output-bytes', bytes)
redis.call('PUBLISH', stream, '')
return 0
`;
