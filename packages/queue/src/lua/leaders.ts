/**
 * Gives up whatever a worker leads, so that another takes it up at its next look and not when a term has run out.
 *
 * ARGV[2]  process id
 *
 * Answers how many tasks it led.
 */
export const RESIGN = `
local count = 0
for _, key in ipairs({P .. 'sweep-leader', P .. 'leader:heads'}) do
  if redis.call('GET', key) == ARGV[2] then count = count + redis.call('DEL', key) end
end
return count
`;
