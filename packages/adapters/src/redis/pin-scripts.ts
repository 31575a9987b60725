import { redisScript } from "./redis-connection.ts";

// Scripts, because with a separate read and write two gateways could both win. Each touches the two keys of one id, which
// carry the same hash tag, so that they lie in one slot of a cluster. Times are the server's own: gateways' clocks differ.

/**
 * KEYS: alias, pin. ARGV: the pin, its time in ms, when it was assigned, "merge" or "claim", "follow" or "stay".
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
  local isEarlier = held and ARGV[4] == "merge" and tonumber(ARGV[3]) < cjson.decode(held).assignedAt
  if held and not isEarlier then
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
