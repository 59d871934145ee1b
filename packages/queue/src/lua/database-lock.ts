/**
 * Part of the prelude: who may migrate a database. Databases are names (see databases.ts); a deployment has those that it wants in
 * `databases`, by one blank each. Each database has a line of deployments, sorted by a turn that is given out once for all lines: the first of
 * a line has the database, and whoever is first of all its lines migrates. The order is the same in all lines, so that the deployment with
 * the lowest turn is always first everywhere: nobody waits in a circle, and nobody is overtaken for ever. The gate is entered before.
 *
 * A deployment leaves its lines with the script that records its migration's end, or its own; a worker's death changes nothing. A hold on a
 * database is for whoever comes: those who meet it leave the lines, keep their turn, and are woken when it is lifted.
 */
export const DATABASE_LOCK = `
local function databasesOf(id)
  local names = {}
  for name in string.gmatch(get(id, 'databases'), '%S+') do names[#names + 1] = name end
  return names
end

local function databaseLine(name) return P .. 'database-line:' .. name end

local function firstInLine(name)
  while true do
    local first = redis.call('ZRANGE', databaseLine(name), 0, 0)[1]
    if not first then return nil end
    if get(first, 'databases') ~= '' and get(first, 'outcome') == '' then return first end
    redis.call('ZREM', databaseLine(name), first)
  end
end

-- What keeps it from migrating: 'hold' and the hold, or 'line' and the deployment before it. Nil: nothing.
local function databaseObstacle(id)
  for _, name in ipairs(databasesOf(id)) do
    local hold = redis.call('GET', P .. 'database-hold:' .. name)
    if hold then return 'hold', hold end
  end
  for _, name in ipairs(databasesOf(id)) do
    local first = firstInLine(name)
    if first and first ~= id and redis.call('ZSCORE', databaseLine(name), id) then return 'line', first end
  end
  return nil
end

local function wakeFromDatabase(id)
  if get(id, 'waiting') ~= 'database' then return end
  stopWaiting(id)
  enqueue(id)
end

-- Whoever comes first by that asks again: for a hold, too, since what it says it waits for is another thing now.
local function leaveLines(id)
  for _, name in ipairs(databasesOf(id)) do
    redis.call('ZREM', databaseLine(name), id)
    local first = firstInLine(name)
    if first and databaseObstacle(first) ~= 'line' then wakeFromDatabase(first) end
  end
end

local function leaveDatabases(id)
  leaveLines(id)
  set(id, 'databases', '', 'databaseTurn', '')
end

-- Nothing passes the environment's gate, and nothing else migrates what its deployment migrated, until a person releases it.
local function putOnHold(id, hold)
  local key = P .. 'env:' .. get(id, 'environmentId')
  redis.call('HSET', key, 'hold', hold, 'heldDatabases', get(id, 'databases'))
  for _, name in ipairs(databasesOf(id)) do redis.call('SET', P .. 'database-hold:' .. name, hold) end
end

-- Before its own hold is: lifts what the environment holds, and what its own deployments wait for.
local function releaseDatabases(environment)
  local key = P .. 'env:' .. environment
  local names = redis.call('HGET', key, 'heldDatabases') or ''
  local own = redis.call('HGET', key, 'hold')
  redis.call('HSET', key, 'heldDatabases', '')
  for name in string.gmatch(names, '%S+') do
    if redis.call('GET', P .. 'database-hold:' .. name) == own then redis.call('DEL', P .. 'database-hold:' .. name) end
  end
  for _, id in ipairs(redis.call('ZRANGE', P .. 'unfinished-of:' .. environment, 0, -1)) do
    if get(id, 'waiting') == 'database' then
      for _, name in ipairs(databasesOf(id)) do redis.call('DEL', P .. 'database-hold:' .. name) end
    end
  end
  for _, id in ipairs(redis.call('SMEMBERS', P .. 'unfinished')) do
    if get(id, 'waiting') == 'database' and not databaseObstacle(id) then wakeFromDatabase(id) end
  end
end
`;

/**
 * Asks for the databases that a migration changes, all or none.
 *
 * ARGV[2]  deployment id
 * ARGV[3]  token
 * ARGV[4]  their names, by one blank each; '' for none
 *
 * Answers {'ours'}, {'lease-lost'}, {'line', id of the deployment before it}, or {'hold', hold as JSON}.
 */
export const LOCK_DATABASES = `
local id, wanted = ARGV[2], ARGV[4]
if get(id, 'lease') ~= ARGV[3] then return {'lease-lost'} end
-- What runs already has them, whatever the variables say by now.
local runs = redis.call('GET', P .. 'one-off-of:' .. id)
if get(id, 'databases') ~= wanted and (not runs or get(id, 'databases') == '') then
  leaveDatabases(id)
  set(id, 'databases', wanted)
end
if get(id, 'databases') == '' then return {'ours'} end
local obstacle, what = nil, nil
if not runs then obstacle, what = databaseObstacle(id) end
if obstacle == 'hold' then
  leaveLines(id)
  return {'hold', what}
end
if get(id, 'databaseTurn') == '' then set(id, 'databaseTurn', redis.call('INCR', P .. 'database-turn')) end
for _, name in ipairs(databasesOf(id)) do redis.call('ZADD', databaseLine(name), get(id, 'databaseTurn'), id) end
if runs then return {'ours'} end
obstacle, what = databaseObstacle(id)
if obstacle then return {obstacle, what} end
return {'ours'}
`;
