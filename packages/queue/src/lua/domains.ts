/**
 * Claims a host for an environment. A claim that nobody has verified for a while gives way to another.
 *
 * ARGV[2]  environment id
 * ARGV[3]  app id
 * ARGV[4]  host
 * ARGV[5]  domain as JSON
 * ARGV[6]  most hosts of an environment
 * ARGV[7]  how long an unverified claim holds, in milliseconds
 *
 * Answers {'kept', the domain as JSON}, {'taken', that domain as JSON}, {'too-many', ''} or {'gone', ''}.
 */
export const ADD_DOMAIN = `
local environment, host = ARGV[2], ARGV[4]
if redis.call('EXISTS', P .. 'env:' .. environment) == 0 then return {'gone', ''} end
if redis.call('HGET', P .. 'app:' .. ARGV[3], 'deleting') ~= '0' then return {'gone', ''} end
local own = P .. 'domains-of:' .. environment
local before = redis.call('HGET', P .. 'domains', host)
if before then
  local domain = cjson.decode(before)
  if domain.environmentId == environment then return {'kept', before} end
  local isVerified = type(domain.verifiedAt) == 'number'
  if isVerified or tonumber(now) - domain.createdAt < tonumber(ARGV[7]) then return {'taken', before} end
  if redis.call('SCARD', own) >= tonumber(ARGV[6]) then return {'too-many', ''} end
  redis.call('SREM', P .. 'domains-of:' .. domain.environmentId, host)
elseif redis.call('SCARD', own) >= tonumber(ARGV[6]) then return {'too-many', ''} end
redis.call('HSET', P .. 'domains', host, ARGV[5])
redis.call('SADD', own, host)
return {'kept', ARGV[5]}
`;

/**
 * Lets a host be served that was verified.
 *
 * ARGV[2]  environment id
 * ARGV[3]  host
 * ARGV[4]  the token that was found
 *
 * Answers 1, or 0 when the claim with this token is gone.
 */
export const SERVE_DOMAIN = `
local text = redis.call('HGET', P .. 'domains', ARGV[3])
if not text then return 0 end
local domain = cjson.decode(text)
if domain.environmentId ~= ARGV[2] or domain.token ~= ARGV[4] then return 0 end
if type(domain.verifiedAt) == 'number' then return 1 end
domain.verifiedAt = tonumber(now)
redis.call('HSET', P .. 'domains', ARGV[3], cjson.encode(domain))
redis.call('HSET', P .. 'served-hosts', ARGV[3], ARGV[2])
redis.call('INCR', P .. 'table-version')
redis.call('PUBLISH', P .. 'table', '')
return 1
`;

/**
 * Frees a host, which is not served from then on.
 *
 * ARGV[2]  environment id
 * ARGV[3]  host
 *
 * Answers whether it was this environment's.
 */
export const REMOVE_DOMAIN = `
if redis.call('SREM', P .. 'domains-of:' .. ARGV[2], ARGV[3]) == 0 then return 0 end
redis.call('HDEL', P .. 'domains', ARGV[3])
if redis.call('HDEL', P .. 'served-hosts', ARGV[3]) == 1 then
  redis.call('INCR', P .. 'table-version')
  redis.call('PUBLISH', P .. 'table', '')
end
return 1
`;

/** Shared by the scripts that remove an environment. */
export const FREE_DOMAINS = `
local function freeDomains(environment)
  local own = P .. 'domains-of:' .. environment
  for _, host in ipairs(redis.call('SMEMBERS', own)) do
    redis.call('HDEL', P .. 'domains', host)
    redis.call('HDEL', P .. 'served-hosts', host)
  end
  redis.call('DEL', own)
end
`;
