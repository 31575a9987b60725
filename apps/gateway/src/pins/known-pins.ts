import { LONGEST_ALIAS_CHAIN, type AgentName, type Alias, type Pin, type SessionId } from "@perch/domain";
import { createRecentMap } from "./recent-map.ts";

export type Known<Value> = {
  readonly value: Value;
  /** Until then it is answered without asking the store. */
  readonly freshUntil: number;
  readonly expiresAt: number;
  /** False: the store does not know of it yet. */
  readonly isWritten: boolean;
};

type Remembering = {
  readonly ttlMs: number;
  readonly isWritten: boolean;
  /** False: the store is asked again with the next request. */
  readonly isFresh: boolean;
};

/** The pins and aliases that this process remembers, the ones used last. */
export type KnownPins = {
  pin(agent: AgentName, session: SessionId): Known<Pin> | null;
  alias(agent: AgentName, id: SessionId): Known<Alias> | null;
  /** The session that an id leads to, as far as it is known here; else the id itself. */
  sessionOf(agent: AgentName, id: SessionId): SessionId;
  rememberPin(pin: Pin, how: Remembering): void;
  rememberAlias(alias: Alias, how: Remembering): void;
  forgetPin(agent: AgentName, session: SessionId): void;
  forgetAlias(agent: AgentName, id: SessionId): void;
  pins(): Iterable<Known<Pin>>;
  aliases(): Iterable<Known<Alias>>;
  /** What the store did not know yet when it had to make room. */
  dropped(): number;
};

export type KnownPinsDeps = {
  readonly now: () => number;
  /** Of pins, and of aliases. */
  readonly maxEntries: number;
  /** The part of a pin's time for which it is answered from memory; the store keeps it that much longer. */
  readonly slack: number;
};

export function createKnownPins({ now, maxEntries, slack }: KnownPinsDeps): KnownPins {
  let dropped = 0;
  const noteEvicted = (entry: Known<unknown>): void => {
    if (!entry.isWritten && isLive(entry, now())) dropped += 1;
  };
  const pins = createRecentMap<Known<Pin>>(maxEntries, noteEvicted);
  const aliases = createRecentMap<Known<Alias>>(maxEntries, noteEvicted);
  const live = <Value>(entry: Known<Value> | undefined): Known<Value> | null =>
    entry !== undefined && isLive(entry, now()) ? entry : null;
  const known = <Value>(value: Value, { ttlMs, isWritten, isFresh }: Remembering): Known<Value> => ({
    value,
    freshUntil: now() + (isFresh ? ttlMs * slack : 0),
    expiresAt: now() + ttlMs * (1 + slack),
    isWritten,
  });
  const aliasOf = (agent: AgentName, id: SessionId): Known<Alias> | null => live(aliases.get(agent, id));
  return {
    pin: (agent, session) => live(pins.get(agent, session)),
    alias: aliasOf,
    sessionOf(agent, id) {
      let at = id;
      for (let hop = 0; hop < LONGEST_ALIAS_CHAIN; hop += 1) {
        const alias = aliasOf(agent, at);
        if (alias === null) break;
        at = alias.value.session;
      }
      return at;
    },
    rememberPin: (pin, how) => pins.set(pin.agent, pin.session, known(pin, how)),
    rememberAlias: (alias, how) => aliases.set(alias.agent, alias.alias, known(alias, how)),
    forgetPin: (agent, session) => pins.delete(agent, session),
    forgetAlias: (agent, id) => aliases.delete(agent, id),
    pins: () => pins.values(),
    aliases: () => aliases.values(),
    dropped: () => dropped,
  };
}

export function isLive(entry: Known<unknown>, now: number): boolean {
  return now < entry.expiresAt;
}
