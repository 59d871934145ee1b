import { FREE_DOMAINS } from './domains.ts';
import { WITHDRAW } from './withdraw.ts';

/**
 * Makes an app and its production environment.
 *
 * ARGV[2]  most apps there may be
 * ARGV[3]  name
 * ARGV[4]  app id
 * ARGV[5]  app as JSON
 * ARGV[6]  environment id
 * ARGV[7]  environment as JSON
 * ARGV[8]  team id
 * ARGV[9]  '1' where the team has to have a record
 *
 * Answers 'created', 'app-exists', 'too-many-apps' or 'team-not-found'.
 */
export const CREATE_APP = `
if redis.call('HEXISTS', P .. 'app-names', ARGV[3]) == 1 then return 'app-exists' end
if redis.call('HLEN', P .. 'app-names') >= tonumber(ARGV[2]) then return 'too-many-apps' end
if ARGV[9] == '1' and redis.call('HEXISTS', P .. 'team:' .. ARGV[8], 'doc') == 0 then return 'team-not-found' end
redis.call('SADD', P .. 'apps-of-team:' .. ARGV[8], ARGV[4])
redis.call('HSET', P .. 'app-names', ARGV[3], ARGV[4])
redis.call('HSET', P .. 'app:' .. ARGV[4], 'doc', ARGV[5], 'counter', 0, 'deleting', '0')
redis.call('SADD', P .. 'envs-of:' .. ARGV[4], ARGV[6])
redis.call('HSET', P .. 'env:' .. ARGV[6], 'doc', ARGV[7], 'gateHolder', '', 'hold', '')
return 'created'
`;

/**
 * Frees an app's name and hosts, and takes what is live of it away.
 *
 * ARGV[2]  app id
 *
 * Answers the ids of its unfinished deployments.
 */
export const REMOVE_APP = `
${WITHDRAW}
${FREE_DOMAINS}
local app = ARGV[2]
local key = P .. 'app:' .. app
local document = redis.call('HGET', key, 'doc')
if not document then return {} end
redis.call('HSET', key, 'deleting', '1')
local name = cjson.decode(document).name
if redis.call('HGET', P .. 'app-names', name) == app then redis.call('HDEL', P .. 'app-names', name) end
redis.call('SADD', P .. 'deleting-apps', app)
redis.call('SREM', P .. 'apps-of-team:' .. cjson.decode(document).teamId, app)
for _, environment in ipairs(redis.call('SMEMBERS', P .. 'envs-of:' .. app)) do
  redis.call('HDEL', P .. 'routes', environment)
  releaseDatabases(environment)
  freeDomains(environment)
  for _, instance in ipairs(redis.call('SMEMBERS', P .. 'instances-of-env:' .. environment)) do withdraw(instance) end
end
redis.call('INCR', P .. 'table-version')
redis.call('PUBLISH', P .. 'table', '')
return redis.call('SMEMBERS', P .. 'unfinished-of-app:' .. app)
`;
