import { LIMITS } from '@switchyard/domain';

/**
 * Records an upload.
 *
 * ARGV[2]  app id
 * ARGV[3]  upload id
 * ARGV[4]  upload as JSON
 *
 * Answers 1, or 0 where there is no such app.
 */
export const PUT_UPLOAD = `
if redis.call('HGET', P .. 'app:' .. ARGV[2], 'deleting') ~= '0' then return 0 end
redis.call('HSET', P .. 'uploads-of:' .. ARGV[2], ARGV[3], ARGV[4])
return 1
`;

/**
 * Forgets uploads that nothing needs any more. Not between a deployment's acceptance and its end: accept reads the same hash.
 *
 * ARGV[2]  app id
 *
 * Answers their ids.
 */
export const PRUNE_UPLOADS = `
local app = ARGV[2]
local key, used = P .. 'uploads-of:' .. app, P .. 'used-uploads-of:' .. app
local needed = {}
for _, id in ipairs(redis.call('SMEMBERS', P .. 'unfinished-of-app:' .. app)) do needed[get(id, 'upload')] = true end

-- Ordered by when each was last of use: deployed from, or sent.
local uploads = {}
local all = redis.call('HGETALL', key)
for index = 1, #all, 2 do
  local usedAt = redis.call('ZSCORE', used, all[index])
  local sentAt = cjson.decode(all[index + 1]).createdAt
  uploads[#uploads + 1] = { id = all[index], at = tonumber(usedAt or sentAt), isUsed = usedAt and true or false }
end
table.sort(uploads, function(a, b)
  if a.at ~= b.at then return a.at > b.at end
  return a.id < b.id
end)

local gone = {}
for index, upload in ipairs(uploads) do
  local isOld = index > ${LIMITS.keptUploads} or (not upload.isUsed and upload.at < tonumber(now) - ${LIMITS.unusedUploadMs})
  if isOld and not needed[upload.id] then
    redis.call('HDEL', key, upload.id)
    redis.call('ZREM', used, upload.id)
    gone[#gone + 1] = upload.id
  end
end
return gone
`;
