import { redisScript } from "./redis-connection.ts";

// Scripts, because with a separate read and write two gateways could both win. Each touches the keys of one id, which
// carry the same hash tag, so that they lie in one slot of a cluster. Times are the server's own: gateways' clocks differ.

/**
 * KEYS: alias, pin. ARGV: the pin, its time in ms, when it was assigned, "merge" or "claim", "follow" or "stay", how
 * often it was moved.
 * Answers {"alias", session} when the id is an alias: the claim goes on there. Else {"pin", the pin held now}.
 */
export const CLAIM = redisScript(`
  if ARGV[5] == "follow" then
    local session = redis.call("GET", KEYS[1])
    if session then
      redis.call("PEXPIRE", KEYS[1], ARGV[2])
      return {"alias", session}
    end
  end
  local held = redis.call("GET", KEYS[2])
  local outranked = false
  if held and ARGV[4] == "merge" then
    local pin = cjson.decode(held)
    local times = (type(pin.moved) == "table" and pin.moved.times) or 0
    local more = tonumber(ARGV[6]) - times
    outranked = more > 0 or (more == 0 and tonumber(ARGV[3]) < pin.assignedAt)
  end
  if held and not outranked then
    redis.call("PEXPIRE", KEYS[2], ARGV[2])
    return {"pin", held}
  end
  redis.call("SET", KEYS[2], ARGV[1], "PX", ARGV[2])
  return {"pin", ARGV[1]}`);

/** KEYS: alias, pin. ARGV: the session, the time in ms. */
export const ALIAS = redisScript(`
  if redis.call("EXISTS", KEYS[2]) == 1 then return 0 end
  if not redis.call("SET", KEYS[1], ARGV[1], "NX", "PX", ARGV[2]) then
    redis.call("PEXPIRE", KEYS[1], ARGV[2])
  end
  return 1`);

const CLOCK = `
  local time = redis.call("TIME")
  local now = time[1] * 1000 + math.floor(time[2] / 1000)`;
/** Turns under way, others than this one. */
const OTHERS = `
  redis.call("ZREMRANGEBYSCORE", KEYS[2], "-inf", now)
  local others = redis.call("ZCARD", KEYS[2])
  if redis.call("ZSCORE", KEYS[2], ARGV[1]) then others = others - 1 end`;

/** KEYS: pin, turns, quiet. ARGV: the turn, its mark's time in ms. Answers {pin, other turns, ms since the last one ended}. */
export const MARK = redisScript(`${CLOCK}
  redis.call("ZADD", KEYS[2], now + ARGV[2], ARGV[1])
  if redis.call("PTTL", KEYS[2]) < tonumber(ARGV[2]) then redis.call("PEXPIRE", KEYS[2], ARGV[2]) end
  ${OTHERS}
  local ended = redis.call("GET", KEYS[3])
  return {redis.call("GET", KEYS[1]), others, ended and math.max(0, now - ended)}`);

/** KEYS: pin, turns, quiet. ARGV: the turn, for how long its end is remembered. */
export const UNMARK = redisScript(`${CLOCK}
  if redis.call("ZREM", KEYS[2], ARGV[1]) == 0 then return 0 end
  redis.call("SET", KEYS[3], now, "PX", ARGV[2])
  return 1`);

/**
 * KEYS: pin, turns, quiet. ARGV: the turn that does not count, the release it has to be at, how often it has to have been
 * moved, the new pin, its time in ms. Answers {"moved"}, {"busy"}, or {"elsewhere", the pin held now}.
 */
export const MOVE = redisScript(`${CLOCK}
  local held = redis.call("GET", KEYS[1])
  if not held then return {"elsewhere", false} end
  local pin = cjson.decode(held)
  local times = (type(pin.moved) == "table" and pin.moved.times) or 0
  if pin.release ~= ARGV[2] or times ~= tonumber(ARGV[3]) then return {"elsewhere", held} end
  ${OTHERS}
  if others > 0 then return {"busy"} end
  redis.call("SET", KEYS[1], ARGV[4], "PX", ARGV[5])
  if redis.call("ZREM", KEYS[2], ARGV[1]) == 1 then redis.call("SET", KEYS[3], now, "PX", ARGV[5]) end
  return {"moved"}`);
