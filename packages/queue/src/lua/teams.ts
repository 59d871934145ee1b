/**
 * Makes a team.
 *
 * ARGV[2]  most teams there may be
 * ARGV[3]  name
 * ARGV[4]  team id
 * ARGV[5]  team as JSON, without what are fields of their own
 * ARGV[6]  SHA-256 of its token, or '' for none
 *
 * Answers 'created', 'team-exists' or 'too-many-teams'.
 */
export const CREATE_TEAM = `
if redis.call('HEXISTS', P .. 'team-names', ARGV[3]) == 1 then return 'team-exists' end
if redis.call('EXISTS', P .. 'team:' .. ARGV[4]) == 1 then return 'team-exists' end
if redis.call('HLEN', P .. 'team-names') >= tonumber(ARGV[2]) then return 'too-many-teams' end
redis.call('HSET', P .. 'team-names', ARGV[3], ARGV[4])
redis.call('HSET', P .. 'team:' .. ARGV[4], 'doc', ARGV[5])
if ARGV[6] ~= '' then
  redis.call('HSET', P .. 'team:' .. ARGV[4], 'tokenHash', ARGV[6], 'tokenAt', now)
  redis.call('HSET', P .. 'team-tokens', ARGV[6], ARGV[4])
end
return 'created'
`;

/**
 * Makes the team that exists in every farm. What was deployed before there were teams is its.
 *
 * ARGV[2]  name
 * ARGV[3]  team id
 * ARGV[4]  team as JSON
 */
export const ENSURE_TEAM = `
local key = P .. 'team:' .. ARGV[3]
if redis.call('HEXISTS', key, 'doc') == 1 then return 0 end
redis.call('HSET', key, 'doc', ARGV[4])
redis.call('HSETNX', P .. 'team-names', ARGV[2], ARGV[3])
redis.call('ZUNIONSTORE', P .. 'deps-recent-of:' .. ARGV[3], 2, P .. 'deps-recent', P .. 'deps-recent-of:' .. ARGV[3], 'AGGREGATE', 'MAX')
for _, id in ipairs(redis.call('SMEMBERS', P .. 'unfinished')) do
  if get(id, 'teamId') == ARGV[3] then redis.call('SADD', P .. 'unfinished-of-team:' .. ARGV[3], id) end
end
return 1
`;

/**
 * Gives a team another name.
 *
 * ARGV[2]  team id
 * ARGV[3]  name
 * ARGV[4]  name that it has
 * ARGV[5]  team as JSON
 *
 * Answers 'renamed', 'team-exists' or 'team-not-found' (also where it has another name by now).
 */
export const RENAME_TEAM = `
local names, key = P .. 'team-names', P .. 'team:' .. ARGV[2]
if redis.call('HGET', names, ARGV[4]) ~= ARGV[2] then return 'team-not-found' end
if ARGV[3] == ARGV[4] then return 'renamed' end
if redis.call('HEXISTS', names, ARGV[3]) == 1 then return 'team-exists' end
redis.call('HDEL', names, ARGV[4])
redis.call('HSET', names, ARGV[3], ARGV[2])
redis.call('HSET', key, 'doc', ARGV[5])
return 'renamed'
`;

/**
 * Gives a team a new token; the one before it counts no more.
 *
 * ARGV[2]  team id
 * ARGV[3]  SHA-256 of the token
 *
 * Answers 'renewed' or 'team-not-found'.
 */
export const RENEW_TEAM_TOKEN = `
local key = P .. 'team:' .. ARGV[2]
if redis.call('HEXISTS', key, 'doc') == 0 then return 'team-not-found' end
local before = redis.call('HGET', key, 'tokenHash')
if before then redis.call('HDEL', P .. 'team-tokens', before) end
redis.call('HSET', key, 'tokenHash', ARGV[3], 'tokenAt', now)
redis.call('HSET', P .. 'team-tokens', ARGV[3], ARGV[2])
return 'renewed'
`;

/**
 * Removes a team that has no apps, and its token.
 *
 * ARGV[2]  team id
 *
 * Answers {'removed'} or {'team-not-found'}, or {'team-in-use', how many apps it has}.
 */
export const REMOVE_TEAM = `
local key = P .. 'team:' .. ARGV[2]
if redis.call('HEXISTS', key, 'doc') == 0 then return {'team-not-found'} end
local apps = redis.call('SCARD', P .. 'apps-of-team:' .. ARGV[2])
if apps > 0 then return {'team-in-use', apps} end
local token = redis.call('HGET', key, 'tokenHash')
if token then redis.call('HDEL', P .. 'team-tokens', token) end
redis.call('HDEL', P .. 'team-names', cjson.decode(redis.call('HGET', key, 'doc')).name)
redis.call('DEL', key, P .. 'deps-recent-of:' .. ARGV[2])
return {'removed'}
`;

/**
 * Changes limits of the farm, a team or an app, and admits what they leave room for. What runs goes on.
 *
 * ARGV[2]  farm | team | app
 * ARGV[3]  id of the team or the app, or ''
 * ARGV[4…] names of limits and their values, '' for the default
 *
 * Answers {'set' | 'not-found', outbox}.
 */
export const SET_LIMITS = `
local key = P .. 'limits'
if ARGV[2] ~= 'farm' then
  key = P .. ARGV[2] .. ':' .. ARGV[3]
  if redis.call('HEXISTS', key, 'doc') == 0 then return reply('not-found') end
end
for index = 4, #ARGV, 2 do
  if ARGV[index + 1] == '' then redis.call('HDEL', key, ARGV[index]) else redis.call('HSET', key, ARGV[index], ARGV[index + 1]) end
end
-- Apps whose slots were all taken may have room again.
local apps = {}
if ARGV[2] == 'app' then apps = {ARGV[3]} end
if ARGV[2] == 'farm' then apps = redis.call('HVALS', P .. 'app-names') end
for _, app in ipairs(apps) do
  local document = redis.call('HGET', P .. 'app:' .. app, 'doc')
  if document then
    local team = cjson.decode(document).teamId
    for _, lane in ipairs(LANES) do noteHead(lane, team, app) end
  end
end
admit()
return reply('set')
`;
