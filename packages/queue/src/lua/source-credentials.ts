/**
 * Sets the credential of an app's repository; the one before is gone.
 *
 * ARGV[2]  app id
 * ARGV[3]  credential as JSON
 *
 * Answers 1, or 0 where there is no such app.
 */
export const SET_SOURCE_CREDENTIAL = `
local key = P .. 'app:' .. ARGV[2]
if redis.call('HGET', key, 'deleting') ~= '0' then return 0 end
redis.call('HSET', key, 'sourceCredential', ARGV[3])
return 1
`;
