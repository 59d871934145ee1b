/**
 * Asks for a deployment's end.
 *
 * ARGV[2]  deployment id
 * ARGV[3]  '1' to end its migration in the middle, which its runner does
 *
 * Answers {'not-found' | 'already-ended' | 'already-switched' | 'no-migration' | 'cancelling' | 'cancelled', outbox}; the owning worker is
 * told over the cancel channel and with its next beat.
 * A migration that goes on without a worker is waited for: whoever takes it over ends the deployment.
 * Events: deployment.cancelling; deployment.decided and .ended where nothing runs.
 */
export const CANCEL = `
local id = ARGV[2]
if redis.call('EXISTS', dep(id)) == 0 then return reply('not-found') end
local status = get(id, 'status')
if next(MOVES[status]) == nil then return reply('already-ended') end
if get(id, 'liveAt') ~= '' then return reply('already-switched') end
if get(id, 'outcome') ~= '' then
  if get(id, 'outcome') == 'cancelled' then return reply('cancelling') end
  return reply('already-ended')
end
local forced = ARGV[3] == '1'
if forced then
  if not oneOffGoesOn(id) then return reply('no-migration') end
  if get(id, 'cancelForcedAt') ~= '' then return reply('cancelling') end
  set(id, 'cancelForcedAt', now)
  endOneOff(id)
end
if get(id, 'cancelRequestedAt') ~= '' then
  if forced then emit(id, 'deployment.cancelling', '{"force":true}') end
  return reply('cancelling')
end

set(id, 'cancelRequestedAt', now)
if get(id, 'began') ~= '1' then
  redis.call('PUBLISH', P .. 'cancel', id)
  decide(id, 'cancelled')
  admit()
  return reply('cancelled')
end
setStatus(id, 'cancelling')
emit(id, 'deployment.cancelling', '{"force":' .. tostring(forced) .. '}')
if get(id, 'lease') ~= '' then
  redis.call('PUBLISH', P .. 'cancel', id)
elseif not oneOffGoesOn(id) then
  decide(id, 'cancelled')
  admit()
end
return reply('cancelling')
`;
