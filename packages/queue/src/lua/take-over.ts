import { LIMITS } from '@switchyard/domain';

/** Takes over every step whose lease has run out; \`diagnosis\` is that of lost workers, with @STAGE@ where the stage goes. Answers how many. */
export const TAKE_OVER_EXPIRED = `
local function takeOverExpired(diagnosis)
  local takenOver = 0
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'leases', '-inf', now, 'LIMIT', 0, 100)) do
    local step = get(id, 'step')
    takenOver = takenOver + 1
    if step == '' then
      clearLease(id)
      giveSlotBack(id)
    else
      loseAttempt(id, step)
      local lost = tonumber(get(id, (step == 'pin' and 'pin:lost') or ('s:' .. step .. ':lost')))
      if lost <= ${LIMITS.maxLostWorkersPerStage} or (step == 'migrate' and oneOffGoesOn(id)) then
        if step ~= 'pin' then setStage(id, step, 'waiting', 'Its worker was lost; another takes over.') end
        hand(id)
      else
        local stage = (step == 'pin' and 'source') or step
        if step == 'pin' then setStage(id, stage, 'waiting') end
        setStage(id, stage, 'failed', 'Workers were lost repeatedly in this stage.')
        if step == 'migrate' and oneOffState(id) == 'unknown' then
          local reason = 'how far the migration of #' .. get(id, 'number') .. ' came is not known, since its host lost it'
          putOnHold(id, json({scope = 'all', reason = reason, deploymentId = id, at = tonumber(now)}))
        end
        if step == 'cleanup' then
          giveSlotBack(id)
          finalize(id)
        else
          decide(id, 'failed', (string.gsub(diagnosis, '@STAGE@', stage)))
        end
      end
    end
  end
  return takenOver
end
`;

/**
 * Takes over what a dead worker has left, as soon as its leases have run out. Any worker may do it at any time: no death of a sweep's
 * leader adds to a takeover.
 *
 * ARGV[2]  diagnosis of lost workers as JSON, with @STAGE@ where the stage goes
 *
 * Answers {taken over, when the next lease would run out or '', outbox}.
 * Events: as of the sweep.
 */
export const TAKE_OVER = `
${TAKE_OVER_EXPIRED}
local takenOver = takeOverExpired(ARGV[2])
if takenOver > 0 then admit() end
return reply(takenOver, redis.call('ZRANGE', P .. 'leases', 0, 0, 'WITHSCORES')[2] or '')
`;
