/**
 * Asks for a piece of work, so that two who need the same result do not both make it.
 *
 * ARGV[2]  deployment id
 * ARGV[3]  token
 * ARGV[4]  name of the work
 *
 * Answers {'ours'}, {'lease-lost'}, or {'theirs', number of the deployment that has it}.
 */
export const CLAIM = `
local id, work = ARGV[2], ARGV[4]
if get(id, 'lease') ~= ARGV[3] then return {'lease-lost'} end
local holder = claimant(work)
if holder and holder ~= id then return {'theirs', get(holder, 'number')} end
-- An attempt has one claim, since a stage makes one result. What a dead holder had is taken over with those who wait for it.
if get(id, 'claim') ~= work then giveClaimBack(id) end
redis.call('SET', P .. 'claim:' .. work, id)
set(id, 'claim', work)
return {'ours'}
`;
