/**
 * Lets an instance be reached, unless it has to drain: what was decided before its runner knew must not bring it back.
 *
 * ARGV[2]  instance id
 * ARGV[3]  endpoint as JSON
 *
 * Answers 1, or 0 where it has to drain.
 */
export const PUT_ENDPOINT = `
if redis.call('HEXISTS', P .. 'drains', ARGV[2]) == 1 then return 0 end
redis.call('HSET', P .. 'endpoints', ARGV[2], ARGV[3])
redis.call('INCR', P .. 'table-version')
redis.call('PUBLISH', P .. 'table', '')
return 1
`;
