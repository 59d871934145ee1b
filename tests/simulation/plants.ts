// @boundaries-ignore the records of a simulated farm, and what they say, are the queue's own to open
import type { ChangeScript } from '../../packages/queue/src/testing/simulated-redis.ts';

/** A mistake that somebody might make in a script. `search` stands there exactly once, or the plant says so. */
export interface Plant {
  readonly name: string;
  readonly script: Parameters<ChangeScript>[0];
  readonly search: string;
  readonly replace: string;
  /** A seed that found it lately: the search begins there, and goes on from 1 where its story has changed. */
  readonly foundBy: number;
}

export const PLANTS: readonly Plant[] = [
  {
    name: 'fence skipped in finish',
    script: 'finish',
    foundBy: 5,
    search: "if get(id, 'lease') ~= ARGV[4] or get(id, 'step') ~= step then",
    replace: "if get(id, 'step') ~= step then",
  },
  {
    name: 'fence skipped in moveRoute',
    script: 'moveRoute',
    foundBy: 5,
    search: "if get(id, 'lease') ~= ARGV[3] then return {'lease-lost', ''} end",
    replace: '',
  },
  {
    name: 'outbox written after the script instead of within',
    script: 'prelude',
    foundBy: 1,
    search: "redis.call('HSET', P .. 'outbox', jobId, entry)",
    replace: '',
  },
  {
    name: 'a counter instead of a set for slots',
    script: 'prelude',
    foundBy: 1,
    // A counter does not know whose slot is given back, nor whether it was.
    search: "if redis.call('SREM', P .. lane .. 'slots:farm', id) == 1 then",
    replace: "if redis.call('SPOP', P .. lane .. 'slots:farm') then",
  },
  {
    name: 'the same job id at every wake',
    script: 'prelude',
    foundBy: 1,
    search: "local jobId = id .. '-' .. step .. '-' .. redis.call('HINCRBY', dep(id), 'wake', 1)",
    replace: "local jobId = id .. '-' .. step",
  },
  {
    name: 'gate not released at failure',
    script: 'prelude',
    foundBy: 1,
    search: "passGate(get(id, 'environmentId'), id)\nend",
    replace: "if outcome ~= 'failed' then passGate(get(id, 'environmentId'), id) end\nend",
  },
  {
    name: 'gate not released at cancel',
    script: 'prelude',
    foundBy: 4,
    search: "passGate(get(id, 'environmentId'), id)\nend",
    replace: "if outcome ~= 'cancelled' then passGate(get(id, 'environmentId'), id) end\nend",
  },
  {
    name: 'slot not given back at a retry',
    script: 'finish',
    foundBy: 1,
    search: "giveSlotBack(id)\n    setWaiting(id, 'retry')",
    replace: "setWaiting(id, 'retry')",
  },
  {
    name: 'lease not checked for expiry in begin',
    script: 'begin',
    foundBy: 1,
    search: "if lease ~= '' and tonumber(get(id, 'leaseUntil')) > tonumber(now) then return reply('held') end",
    replace: '',
  },
  {
    name: 'the newest superseded instead of the older ones',
    script: 'accept',
    foundBy: 1,
    search: "decide(other, 'superseded')",
    replace: "decide(id, 'superseded')",
  },
  {
    name: 'whoever waits for the gate is forgotten when its holder leaves',
    script: 'prelude',
    foundBy: 2,
    search: "if redis.call('HGET', key, 'gateHolder') == leaver then redis.call('HSET', key, 'gateHolder', '') end",
    replace:
      "if redis.call('HGET', key, 'gateHolder') == leaver then redis.call('HSET', key, 'gateHolder', '') return end",
  },
  {
    name: 'cancel forgets one that waits',
    script: 'cancel',
    foundBy: 6,
    search: "elseif not oneOffGoesOn(id) then\n  decide(id, 'cancelled')",
    replace: "elseif get(id, 'waiting') == '' and not oneOffGoesOn(id) then\n  decide(id, 'cancelled')",
  },
  {
    name: 'the cleanup of a cancelled deployment is not tried again',
    script: 'finish',
    foundBy: 44,
    search: "(step == 'cleanup' or not cancelRequested)",
    replace: 'not cancelRequested',
  },
  {
    name: 'a second migration is started where one is running',
    script: 'desireOneOff',
    foundBy: 5,
    search: 'if not holding then',
    replace: "if not holding or redis.call('HGET', P .. 'one-off:' .. holding, 'state') == 'running' then",
  },
  {
    name: 'claim not given back',
    script: 'prelude',
    foundBy: 1,
    search: 'local function clearLease(id)\n  giveClaimBack(id)',
    replace: 'local function clearLease(id)',
  },
  {
    name: 'an older deployment takes the route',
    script: 'moveRoute',
    foundBy: 6,
    search: "if not restarted and route.owner > tonumber(get(id, 'number')) then return {'outdated', ''} end",
    replace: '',
  },
  {
    name: 'the route is moved before endpoints are ready',
    script: 'moveRoute',
    foundBy: 6,
    search: "if ready < tonumber(ARGV[4]) then return {'not-ready', ''} end",
    replace: '',
  },
  {
    name: 'a cancelled deployment goes live',
    script: 'moveRoute',
    foundBy: 61,
    search: "if get(id, 'cancelRequestedAt') ~= '' then return {'cancelled', ''} end",
    replace: '',
  },
];

/** The scripts with a mistake in them. Throws where the plant's text does not stand there exactly once. */
export function planted({ name, script, search, replace }: Plant): ChangeScript {
  return (one, lua) => {
    if (one !== script) return lua;
    const found = lua.split(search).length - 1;
    if (found !== 1)
      throw new Error(`the plant "${name}" finds its text ${found} times in ${script}: look at it again`);
    return lua.replace(search, () => replace);
  };
}
