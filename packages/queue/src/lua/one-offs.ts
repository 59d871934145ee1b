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
