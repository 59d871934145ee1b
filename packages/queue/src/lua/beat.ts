/**
 * Extends a lease.
 *
 * ARGV[2]  deployment id
 * ARGV[3]  token
 * ARGV[4]  lease in milliseconds
 *
 * Answers 'kept', 'cancel' (kept too) or 'lost'.
 */
export const BEAT = `
local id = ARGV[2]
if get(id, 'lease') ~= ARGV[3] then return 'lost' end
local leaseUntil = tonumber(now) + tonumber(ARGV[4])
set(id, 'leaseUntil', leaseUntil)
redis.call('ZADD', P .. 'leases', leaseUntil, id)
if get(id, 'cancelRequestedAt') ~= '' then return 'cancel' end
return 'kept'
`;
