import { SCALE } from './scale.ts';

/**
 * Puts an app's settings in place of those of a known version, and the number of instances that they ask for into effect.
 *
 * ARGV[2]  app id
 * ARGV[3]  version that is replaced
 * ARGV[4]  settings as JSON, without what is the app's own
 * ARGV[5]  app as JSON
 * ARGV[6]  replicas
 * ARGV[7]  what the ids of new instances begin with
 * ARGV[8]  what new route ids begin with
 *
 * Answers the new version, 0 where another version holds, -1 where there is no such app.
 */
export const REPLACE_SETTINGS = `
${SCALE}
local key = P .. 'app:' .. ARGV[2]
if redis.call('HGET', key, 'deleting') ~= '0' then return -1 end
if (redis.call('HGET', key, 'settingsVersion') or '0') ~= ARGV[3] then return 0 end
local version = redis.call('HINCRBY', key, 'settingsVersion', 1)
redis.call('HSET', key, 'settings', ARGV[4], 'settingsAt', now, 'doc', ARGV[5], 'replicas', ARGV[6])
for _, environment in ipairs(redis.call('SMEMBERS', P .. 'envs-of:' .. ARGV[2])) do scale(environment, ARGV[7], ARGV[8]) end
return version
`;
