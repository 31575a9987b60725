import { timesMoved, type AgentName, type PinStore, type SessionId } from "@perch/domain";
import { formatPin, parsePin } from "./pin-json.ts";
import { MARK, MOVE, UNMARK } from "./pin-scripts.ts";
import type { RedisConnection, RedisReply } from "./redis-connection.ts";

/** What a move needs, each one script on the keys of one session. */
export function createSessionMoves(connection: RedisConnection): Pick<PinStore, "mark" | "unmark" | "move"> {
  return {
    async mark({ agent, session, turn }, markMs) {
      const reply = await connection.run(MARK, keysOf(agent, session), [turn, whole(markMs)]);
      const [pin, others, quiet] = listOf(reply);
      return {
        pin: typeof pin === "string" ? parsePin(pin) : null,
        others: Number(others),
        quietMs: typeof quiet === "number" ? quiet : null,
      };
    },
    async unmark({ agent, session, turn }, ttlMs) {
      await connection.run(UNMARK, keysOf(agent, session), [turn, whole(ttlMs)]);
    },
    async move({ from, pin, turn }, ttlMs) {
      const before = String(timesMoved(pin) - 1);
      const args = [turn ?? "", from, before, formatPin(pin), whole(ttlMs)];
      const [what, held] = listOf(await connection.run(MOVE, keysOf(pin.agent, pin.session), args));
      if (what === "moved") return { kind: "moved", pin };
      if (what === "busy") return { kind: "busy" };
      return { kind: "elsewhere", pin: typeof held === "string" ? parsePin(held) : null };
    },
  };
}

/** All of one slot. */
function keysOf(agent: AgentName, session: SessionId): string[] {
  return ["pin", "turns", "quiet"].map((name) => `perch:${name}:{${agent}|${session}}`);
}

/** The server takes whole milliseconds. */
function whole(ms: number): string {
  return String(Math.max(1, Math.ceil(ms)));
}

function listOf(reply: RedisReply): readonly RedisReply[] {
  return typeof reply === "object" && reply !== null ? reply : [];
}
