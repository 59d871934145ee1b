import { LIMITS } from '@switchyard/domain';

/**
 * Takes a deployment into the pipeline.
 *
 * ARGV[2]  deployment id
 * ARGV[3]  app id
 * ARGV[4]  environment id
 * ARGV[5]  deploy | rollback | restart
 * ARGV[6]  note for the stages that a rollback or restart does not need
 * ARGV[7]  event data of deployment.queued, with @NUMBER@ where the number goes
 * ARGV[8]  commit that was pushed, or '' for what a person asked for
 * ARGV[9]  provider and id of the delivery that told of it, or the name of the request, or ''
 * ARGV[10] upload that is deployed, or ''
 * ARGV[11] '1' for a head that was seen without a delivery
 * ARGV[12] number of the deployment that is tried again, or ''
 * ARGV[13…] fields and values of the hash
 *
 * Answers {'accepted', number, outbox} or {'app-not-found' | 'app-being-deleted' | 'upload-not-found' | 'newer', 0, {}},
 * or {'too-many-of-app' | 'too-many-of-team' | 'too-many-of-farm', the limit that holds, {}};
 * with ARGV[9] also {'duplicate', deployment id, {}}; for a push {'already-deployed', deployment id, {}} or {'held', reason, {}}.
 * Events: deployment.queued, and what superseding queued deployments brings.
 */
export const ACCEPT = `
local id, app, environment, kind = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local appKey = P .. 'app:' .. app
if redis.call('EXISTS', appKey) == 0 then return reply('app-not-found', 0) end
if redis.call('HGET', appKey, 'deleting') == '1' then return reply('app-being-deleted', 0) end

if ARGV[10] ~= '' and redis.call('HEXISTS', P .. 'uploads-of:' .. app, ARGV[10]) == 0 then return reply('upload-not-found', 0) end

local pushed = ARGV[8]
local memory = P .. 'delivery:' .. app .. ':' .. ARGV[9]

-- The commit of a deployment; before it is pinned, the one whose push set it off.
local function commitOf(other)
  local commit = get(other, 'commit')
  if commit == '' then return get(other, 'pushed') end
  return cjson.decode(commit).sha
end

local function standsFor(other)
  local outcome = get(other, 'outcome')
  if outcome == '' then return get(other, 'cancelRequestedAt') == '' end
  return outcome == 'succeeded'
end

local earlier = ARGV[9] ~= '' and redis.call('GET', memory)
if earlier then return reply('duplicate', earlier) end
if pushed ~= '' then
  local hold = redis.call('HGET', P .. 'env:' .. environment, 'hold') or ''
  if hold ~= '' and cjson.decode(hold).scope == 'automatic' then return reply('held', cjson.decode(hold).reason) end
  local route = redis.call('HGET', P .. 'routes', environment)
  if route and type(cjson.decode(route).stopped) == 'table' then return reply('held', 'The app is stopped.') end
  for _, other in ipairs(redis.call('ZREVRANGE', P .. 'deps-of:' .. app, 0, 99)) do
    if get(other, 'environmentId') == environment then
      if ARGV[11] == '1' then
        -- One that failed is not deployed again with every look; one whose commit is not known yet may be this very one.
        local isUnresolved = get(other, 'commit') == '' and get(other, 'outcome') == '' and get(other, 'upload') == ''
        if isUnresolved or commitOf(other) == pushed then return reply('already-deployed', other) end
      else
        if standsFor(other) and commitOf(other) == pushed then return reply('already-deployed', other) end
        break
      end
    end
  end
end
if ARGV[12] ~= '' then
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', P .. 'deps-of:' .. app, '(' .. ARGV[12], '+inf')) do
    local isOther = get(other, 'environmentId') ~= environment or RESTARTS[get(other, 'trigger')]
    if not isOther and standsFor(other) then return reply('newer', 0) end
  end
end
local team = cjson.decode(redis.call('HGET', appKey, 'doc')).teamId
local mostOfApp, mostOfTeam, mostOfFarm = unfinishedOfApp(app), unfinishedOfTeam(team), farmLimit('unfinished')
if redis.call('SCARD', P .. 'unfinished-of-app:' .. app) >= mostOfApp then return reply('too-many-of-app', mostOfApp) end
if redis.call('SCARD', P .. 'unfinished-of-team:' .. team) >= mostOfTeam then return reply('too-many-of-team', mostOfTeam) end
if redis.call('SCARD', P .. 'unfinished') >= mostOfFarm then return reply('too-many-of-farm', mostOfFarm) end

if ARGV[10] ~= '' then redis.call('ZADD', P .. 'used-uploads-of:' .. app, now, ARGV[10]) end
local number = redis.call('HINCRBY', appKey, 'counter', 1)
redis.call('HSET', dep(id), unpack(ARGV, 13))
set(id, 'pushed', pushed)
local environmentDocument = redis.call('HGET', P .. 'env:' .. environment, 'doc')
if environmentDocument and cjson.decode(environmentDocument).name ~= 'production' then set(id, 'preview', '1') end
if ARGV[9] ~= '' then redis.call('SET', memory, id, 'PX', pushed == '' and ${LIMITS.idempotencyMemoryMs} or ${LIMITS.deliveryMemoryMs}) end
set(id, 'number', number, 'accepted', redis.call('INCR', P .. 'accepted'), 'status', 'queued')
redis.call('ZADD', P .. 'deps-of:' .. app, number, id)
redis.call('ZADD', P .. 'deps-recent', now, id)
local recentOfTeam = P .. 'deps-recent-of:' .. team
redis.call('ZADD', recentOfTeam, now, id)
redis.call('ZREMRANGEBYRANK', recentOfTeam, 0, -${LIMITS.recentDeploymentsPerTeam + 1})
redis.call('SADD', P .. 'unfinished', id)
redis.call('SADD', P .. 'unfinished-of-app:' .. app, id)
redis.call('SADD', P .. 'unfinished-of-team:' .. team, id)
emit(id, 'deployment.queued', (string.gsub(ARGV[7], '@NUMBER@', tostring(number))))

if kind ~= 'restart' then
  for _, other in ipairs(redis.call('ZRANGE', P .. 'unfinished-of:' .. environment, 0, -1)) do
    local brings = get(other, 'trigger')
    if get(other, 'status') == 'queued' and brings ~= 'rollback' and not RESTARTS[brings] then decide(other, 'superseded') end
  end
end
redis.call('ZADD', P .. 'unfinished-of:' .. environment, number, id)

if kind == 'rollback' and not heldForAll(environment) then
  redis.call('HSET', P .. 'env:' .. environment, 'hold', '{"scope":"automatic","deploymentId":"' .. id .. '","at":' .. now
    .. ',"reason":"#' .. number .. ' rolls back; automatic deployments wait."}')
end

for _, stage in ipairs(STAGES) do
  set(id, 's:' .. stage .. ':status', 'pending', 's:' .. stage .. ':n', 0)
end
if kind == 'deploy' then
  set(id, 'step', 'pin')
  enqueueAndAdmit(id)
else
  for _, stage in ipairs(STAGES) do
    if stage == 'health' then break end
    setStage(id, stage, 'skipped', ARGV[6])
    emit(id, 'stage.skipped', '{"stage":"' .. stage .. '","note":' .. json(ARGV[6]) .. '}')
  end
  set(id, 'step', 'health')
  enqueueAndAdmit(id)
end
return reply('accepted', number)
`;
