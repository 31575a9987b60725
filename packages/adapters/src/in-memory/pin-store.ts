import type { AgentName, Pin, PinStore, SessionId } from "@perch/domain";

export function createMemoryPinStore(now: () => number): PinStore {
  const pins = new Map<string, { pin: Pin; expiresAt: number }>();
  const keyOf = (agent: AgentName, session: SessionId): string => `${agent} ${session}`;
  return {
    async claim(pin, ttlMs) {
      const at = now();
      const held = pins.get(keyOf(pin.agent, pin.session));
      const winner = held !== undefined && held.expiresAt > at ? held.pin : pin;
      pins.set(keyOf(pin.agent, pin.session), { pin: winner, expiresAt: at + ttlMs });
      return winner;
    },
    async find(agent, session) {
      const held = pins.get(keyOf(agent, session));
      return held !== undefined && held.expiresAt > now() ? held.pin : null;
    },
    async countLive(agent, release) {
      const at = now();
      return [...pins.values()].filter(
        ({ pin, expiresAt }) => expiresAt > at && pin.agent === agent && pin.release === release,
      ).length;
    },
    async forgetExpired(limit) {
      const at = now();
      const expired = [...pins].filter(([, held]) => held.expiresAt <= at).slice(0, limit);
      for (const [key] of expired) pins.delete(key);
      return expired.length;
    },
    async close() {},
  };
}
