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
