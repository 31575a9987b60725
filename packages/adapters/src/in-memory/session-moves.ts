import { timesMoved, type AgentName, type Pin, type PinStore, type SessionId } from "@perch/domain";

export type SessionMovesDeps = {
  readonly now: () => number;
  readonly held: (agent: AgentName, session: SessionId) => Pin | null;
  readonly hold: (pin: Pin, ttlMs: number) => void;
};

/** What a move needs of a pin store. */
export function createSessionMoves({ now, held, hold }: SessionMovesDeps): Pick<PinStore, "mark" | "unmark" | "move"> {
  /** By session, then by turn: until when it counts. */
  const marks = new Map<string, Map<string, number>>();
  const endedAt = new Map<string, number>();
  const keyOf = (agent: AgentName, session: SessionId): string => `${agent} ${session}`;
  const others = (key: string, turn: string | null): number =>
    [...(marks.get(key) ?? [])].filter(([other, until]) => other !== turn && until > now()).length;
  const end = (key: string, turn: string): void => {
    if (marks.get(key)?.delete(turn) === true) endedAt.set(key, now());
  };
  return {
    async mark({ agent, session, turn }, markMs) {
      const key = keyOf(agent, session);
      marks.set(key, (marks.get(key) ?? new Map<string, number>()).set(turn, now() + markMs));
      const ended = endedAt.get(key);
      return {
        pin: held(agent, session),
        others: others(key, turn),
        quietMs: ended === undefined ? null : now() - ended,
      };
    },
    async unmark({ agent, session, turn }) {
      end(keyOf(agent, session), turn);
    },
    async move({ from, pin, turn }, ttlMs) {
      const key = keyOf(pin.agent, pin.session);
      const before = held(pin.agent, pin.session);
      if (before === null || before.release !== from || timesMoved(before) + 1 !== timesMoved(pin)) {
        return { kind: "elsewhere", pin: before };
      }
      if (others(key, turn) > 0) return { kind: "busy" };
      hold(pin, ttlMs);
      if (turn !== null) end(key, turn);
      return { kind: "moved", pin };
    },
  };
}
