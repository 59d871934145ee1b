/**
 * Makes an app's next webhook secret the one that counts.
 *
 * ARGV[2]  app id
 *
 * Answers its generation, or 0 where there is no such app.
 */
export const RENEW_WEBHOOK = `
local key = P .. 'app:' .. ARGV[2]
if redis.call('HGET', key, 'deleting') ~= '0' then return 0 end
return redis.call('HINCRBY', key, 'webhookGeneration', 1)
`;
