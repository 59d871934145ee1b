/**
 * Keeps a release under a lease; the first one of a deployment wins.
 *
 * ARGV[2]  deployment id
 * ARGV[3]  token
 * ARGV[4]  release id
 * ARGV[5]  release as JSON
 *
 * Answers {release JSON, liveAt} of the one that holds, or {'', ''} when the lease is lost.
 */
export const PUT_RELEASE = `
local id = ARGV[2]
if get(id, 'lease') ~= ARGV[3] then return {'', ''} end
local holding = get(id, 'ownRelease')
if holding == '' then
  holding = ARGV[4]
  set(id, 'ownRelease', holding)
  redis.call('HSET', P .. 'release:' .. holding, 'doc', ARGV[5], 'liveAt', '')
  redis.call('ZADD', P .. 'releases-of:' .. get(id, 'environmentId'), 0, holding)
end
return {redis.call('HGET', P .. 'release:' .. holding, 'doc') or '', redis.call('HGET', P .. 'release:' .. holding, 'liveAt') or ''}
`;
