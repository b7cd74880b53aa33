import { createRedisScript } from '../../models/support/redis-script';

/**
 * Takes pending entries over: those this consumer had before (idle 0), or those of any that gave no sign of life for so long.
 * What was delivered too often goes to the dead letters (or stays where it is, while the server is full), with 2000 of its fields
 * at most, since Lua unpacks no more than some thousand values; what was trimmed meanwhile is acknowledged.
 *
 * KEYS: stream, dead letters. ARGV: group, consumer, idle ms, id to begin at, count, most deliveries, dead letters kept, then
 * ids that this consumer is at work on.
 * Returns { { id, deliveries, fields } …, trimmed ids, number of dead letters, last id looked at or '' }.
 */
export const takeScript = createRedisScript(`
if redis.replicate_commands then redis.replicate_commands() end
local stream, dead, group, me = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local held = {}
for i = 8, #ARGV do held[ARGV[i]] = true end
local pending
if ARGV[3] == '0' then
  pending = redis.call('XPENDING', stream, group, ARGV[4], '+', ARGV[5], me)
else
  pending = redis.call('XPENDING', stream, group, 'IDLE', ARGV[3], ARGV[4], '+', ARGV[5])
end
local taken, gone, given, last = {}, {}, 0, ''
for _, one in ipairs(pending) do
  local id, owner, deliveries = one[1], one[2], one[4]
  last = id
  if not held[id] then
    local entry = redis.call('XRANGE', stream, id, id)[1]
    if not entry then
      redis.call('XACK', stream, group, id)
      gone[#gone + 1] = id
    elseif deliveries >= tonumber(ARGV[6]) then
      local added = redis.pcall('XADD', dead, 'MAXLEN', '~', ARGV[7], '*', 'entry', id, 'deliveries', deliveries, 'consumer', owner,
        'reason', 'max_deliveries', unpack(entry[2], 1, math.min(#entry[2], 4000)))
      if type(added) ~= 'table' then
        redis.call('XACK', stream, group, id)
        given = given + 1
      elseif not string.find(added.err, 'OOM', 1, true) then
        return added
      end
    else
      redis.call('XCLAIM', stream, group, me, 0, id)
      taken[#taken + 1] = { id, deliveries + 1, entry[2] }
    end
  end
end
return { taken, gone, given, last }
`);

/**
 * Makes a dead letter, as above, of an entry that this consumer has. KEYS: stream, dead letters. ARGV: group, consumer, id, deliveries, why, dead letters kept.
 */
export const rejectScript = createRedisScript(`
if redis.replicate_commands then redis.replicate_commands() end
local one = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)[1]
if not one or one[2] ~= ARGV[2] then return end
local entry = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1]
if entry then
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[6], '*', 'entry', ARGV[3], 'deliveries', ARGV[4], 'consumer', ARGV[2],
    'reason', ARGV[5], unpack(entry[2], 1, math.min(#entry[2], 4000)))
end
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
`);

/** KEYS: stream. ARGV: group, consumer, then ids it is at work on: they are as if just delivered, unless another has them by now. */
export const keepScript = createRedisScript(`
for i = 3, #ARGV do
  local one = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)[1]
  if one and one[2] == ARGV[2] then redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID') end
end
`);

/**
 * Whoever claims what is idle for so long gets at once what this consumer was given, as if nobody had been; but for what it is
 * at work on, or could not deal with. KEYS: stream. ARGV: group, consumer, idle ms, then ids of these.
 */
export const releaseScript = createRedisScript(`
local held, from = {}, '-'
for i = 4, #ARGV do held[ARGV[i]] = true end
while true do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], from, '+', 500, ARGV[2])
  for _, one in ipairs(pending) do
    from = '(' .. one[1]
    if not held[one[1]] then
      redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, one[1], 'IDLE', ARGV[3], 'RETRYCOUNT', one[4] - 1, 'JUSTID')
    end
  end
  if #pending < 500 then break end
end
`);

/** KEYS: stream. ARGV: group, idle ms, this consumer. Forgets consumers that have nothing and gave no sign of life for so long. */
export const forgetScript = createRedisScript(`
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local about = {}
  for i = 1, #consumer, 2 do about[consumer[i]] = consumer[i + 1] end
  if about.pending == 0 and about.idle >= tonumber(ARGV[2]) and (about.name ~= ARGV[3] or ARGV[2] == '0') then
    if ARGV[2] ~= '0' or about.name == ARGV[3] then
      redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about.name)
    end
  end
end
`);

/**
 * Redis counts what a group has read, but not what was trimmed before: without this the same gap would be found again. A group
 * of an empty log is put to its end, since Redis knows no count for one that has read nothing.
 * KEYS: stream. ARGV: group, number of entries that it missed or ''.
 */
export const missScript = createRedisScript(`
local flat, log = redis.call('XINFO', 'STREAM', KEYS[1]), {}
for i = 1, #flat, 2 do log[flat[i]] = flat[i + 1] end
if log.length == 0 then
  redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], log['last-generated-id'], 'ENTRIESREAD', log['entries-added'])
  return
end
if ARGV[2] == '' then return end
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local it = {}
  for i = 1, #flat, 2 do it[flat[i]] = flat[i + 1] end
  if it.name == ARGV[1] and it['entries-read'] then
    redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], it['last-delivered-id'], 'ENTRIESREAD', it['entries-read'] + ARGV[2])
  end
end
`);
