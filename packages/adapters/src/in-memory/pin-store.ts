import { randomUUID } from "node:crypto";
import { LONGEST_ALIAS_CHAIN, outranks, type AgentName, type Pin, type PinStore, type SessionId } from "@perch/domain";
import { createSessionMoves } from "./session-moves.ts";

type HeldPin = { readonly pin: Pin; readonly expiresAt: number };
type HeldAlias = { readonly session: SessionId; readonly expiresAt: number };

export function createMemoryPinStore(now: () => number): PinStore {
  const pins = createExpiring<HeldPin>(now);
  const aliases = createExpiring<HeldAlias>(now);
  const claim = createClaim({ pins, aliases, now });
  const moves = createSessionMoves({
    now,
    held: (agent, session) => pins.get(keyOf(agent, session))?.pin ?? null,
    hold: (pin, ttlMs) => pins.set(keyOf(pin.agent, pin.session), { pin, expiresAt: now() + ttlMs }),
  });
  const identity = randomUUID();
  const lookUp = (agent: AgentName, id: SessionId): HeldPin | null =>
    pins.get(keyOf(agent, chainFrom(aliases, agent, id).at(-1) ?? id));
  return {
    claim: async (pin, ttlMs) => claim(pin, ttlMs, () => false),
    merge: async (pin, ttlMs) => claim(pin, ttlMs, (held) => outranks(pin, held)),
    async alias({ agent, alias, session }, ttlMs) {
      const key = keyOf(agent, alias);
      if (alias === session || pins.get(key) !== null) return;
      aliases.set(key, { session: aliases.get(key)?.session ?? session, expiresAt: now() + ttlMs });
    },
    find: async (agent, session) => lookUp(agent, session)?.pin ?? null,
    lookUp: async (agent, session) => lookUp(agent, session),
    ...moves,
    async countLive(agent, release) {
      return pins.live().filter(({ pin }) => pin.agent === agent && pin.release === release).length;
    },
    async list(agent, { after, limit }) {
      const own = pins.live().filter(({ pin }) => pin.agent === agent);
      const sorted = own.toSorted((a, b) => (a.pin.session < b.pin.session ? -1 : 1));
      const page = sorted.filter(({ pin }) => after === null || pin.session > after).slice(0, limit);
      return { pins: page, next: page.length < limit ? null : (page.at(-1)?.pin.session ?? null) };
    },
    async forgetExpired(limit) {
      const forgotten = pins.forget(limit);
      return forgotten + aliases.forget(limit - forgotten);
    },
    identity: async () => identity,
    async close() {},
  };
}

type Claim = (pin: Pin, ttlMs: number, isBetterThan: (held: Pin) => boolean) => Pin;
type Deps = { readonly pins: Expiring<HeldPin>; readonly aliases: Expiring<HeldAlias>; readonly now: () => number };

function createClaim({ pins, aliases, now }: Deps): Claim {
  return (pin, ttlMs, isBetterThan) => {
    const expiresAt = now() + ttlMs;
    const chain = chainFrom(aliases, pin.agent, pin.session);
    const session = chain.at(-1) ?? pin.session;
    for (const [hop, alias] of chain.slice(0, -1).entries()) {
      aliases.set(keyOf(pin.agent, alias), { session: chain[hop + 1] ?? session, expiresAt });
    }
    const held = pins.get(keyOf(pin.agent, session))?.pin ?? null;
    const winner = held !== null && !isBetterThan(held) ? held : { ...pin, session };
    pins.set(keyOf(pin.agent, session), { pin: winner, expiresAt });
    return winner;
  };
}

/** The id, the aliases that it leads to, and last the session. */
function chainFrom(aliases: Expiring<HeldAlias>, agent: AgentName, id: SessionId): readonly SessionId[] {
  const chain = [id];
  for (let at = id; chain.length <= LONGEST_ALIAS_CHAIN;) {
    const alias = aliases.get(keyOf(agent, at));
    if (alias === null) break;
    at = alias.session;
    chain.push(at);
  }
  return chain;
}

function keyOf(agent: AgentName, id: SessionId): string {
  return `${agent} ${id}`;
}

type Expiring<Entry> = {
  /** Null when there is none, or it has expired. */
  get(key: string): Entry | null;
  set(key: string, entry: Entry): void;
  live(): readonly Entry[];
  forget(limit: number): number;
};

function createExpiring<Entry extends { readonly expiresAt: number }>(now: () => number): Expiring<Entry> {
  const entries = new Map<string, Entry>();
  const isLive = (entry: Entry): boolean => entry.expiresAt > now();
  return {
    get(key) {
      const entry = entries.get(key);
      return entry !== undefined && isLive(entry) ? entry : null;
    },
    set: (key, entry) => void entries.set(key, entry),
    live: () => [...entries.values()].filter(isLive),
    forget(limit) {
      const expired = [...entries].filter(([, entry]) => !isLive(entry)).slice(0, limit);
      for (const [key] of expired) entries.delete(key);
      return expired.length;
    },
  };
}
