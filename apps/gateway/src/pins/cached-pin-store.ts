import { timesMoved, type AgentName, type Alias, type Pin, type PinStore, type SessionId } from "@perch/domain";
import { createBacklog, type Backlog } from "./backlog.ts";
import { createCachedMoves } from "./cached-moves.ts";
import { createKnownPins, type Known, type KnownPins, type KnownPinsDeps } from "./known-pins.ts";

export type CachedPinStoreDeps = KnownPinsDeps & {
  readonly store: PinStore;
  /** A store that may come back empty: then it is told everything that is known here. */
  readonly mayForget: boolean;
  /** The store could not answer; the session was placed without it. */
  readonly onFault: (error: unknown) => void;
};

export type CachedPinStore = PinStore & {
  /** As `claim`, but never from memory: throws when the store does. */
  confirm(pin: Pin, ttlMs: number): Promise<Pin>;
  /** What a claim by this id would be answered with from memory; null when it would ask the store. */
  fresh(agent: AgentName, id: SessionId): Pin | null;
  /** The session that an id leads to, as far as it is known here; else the id itself. */
  sessionOf(agent: AgentName, id: SessionId): SessionId;
  /** The pin of a session or alias as this process remembers it; null says nothing about the store. */
  remembered(agent: AgentName, id: SessionId): Pin | null;
  /** Tells the store what was decided without it. To be called now and then; ends early while the store fails. */
  catchUp(): Promise<void>;
  counts(): WriteCounts;
};

export type WriteCounts = {
  /** Decided without the store, and still to be written. */
  readonly unwritten: number;
  /** Decided without the store, and no longer remembered. */
  readonly dropped: number;
  /** Decided without the store otherwise than by whoever was first. */
  readonly conflicts: number;
};

/**
 * The same promises, with fewer writes: renewing at every request would be a write a request. Instead a pin lives longer in
 * the store by the time that it may be answered from memory, so it never ends before `ttlMs` of silence. While the store
 * fails, sessions go where they belong anyway (assignment is deterministic, and clients bring signed pins); what was
 * decided so is written when the store is back, where the pin that was assigned first stays.
 */
export function createCachedPinStore(deps: CachedPinStoreDeps): CachedPinStore {
  const { store, now } = deps;
  const known = createKnownPins(deps);
  const backlog = createBacklog(deps, known);
  const context = { deps, known, backlog };

  function fresh(agent: AgentName, id: SessionId): Pin | null {
    const alias = known.alias(agent, id);
    const held = known.pin(agent, alias === null ? id : known.sessionOf(agent, id));
    const isFresh = held !== null && now() < held.freshUntil && (alias === null || now() < alias.freshUntil);
    return isFresh ? held.value : null;
  }

  return {
    ...store,
    fresh,
    async claim(pin, ttlMs) {
      const answer = fresh(pin.agent, pin.session);
      if (answer !== null && timesMoved(pin) <= timesMoved(answer)) return answer;
      const session = known.sessionOf(pin.agent, pin.session);
      const alias = known.alias(pin.agent, pin.session);
      const held = knownTo(known.pin(pin.agent, session), pin);
      return await claim(context, { pin: { ...pin, session }, id: pin.session, held, alias }, ttlMs);
    },
    async confirm(pin, ttlMs) {
      const session = known.sessionOf(pin.agent, pin.session);
      const held = knownTo(known.pin(pin.agent, session), pin);
      const alias = known.alias(pin.agent, pin.session);
      return await ask(context, { pin: { ...pin, session }, id: pin.session, held, alias }, ttlMs);
    },
    ...createCachedMoves(context),
    async alias(link, ttlMs) {
      const held = known.alias(link.agent, link.alias);
      const isSession = held === null && known.pin(link.agent, link.alias) !== null;
      if (link.alias === link.session || isSession || (held !== null && now() < held.freshUntil)) return;
      await addAlias(context, held?.value ?? link, ttlMs);
    },
    ...createReads(context),
    remembered: (agent, id) => known.pin(agent, known.sessionOf(agent, id))?.value ?? null,
    sessionOf: (agent, id) => known.sessionOf(agent, id),
    catchUp: () => backlog.work(),
    counts: () => ({ unwritten: backlog.size(), dropped: known.dropped(), conflicts: backlog.conflicts() }),
  };
}

type Context = { readonly deps: CachedPinStoreDeps; readonly known: KnownPins; readonly backlog: Backlog };

/** What is looked at is answered from memory only when the store is away. */
function createReads({ deps: { store }, known }: Context): Pick<CachedPinStore, "find" | "lookUp"> {
  const heldOr = (error: unknown, agent: AgentName, id: SessionId): Known<Pin> => {
    const held = known.pin(agent, known.sessionOf(agent, id));
    if (held === null) throw error;
    return held;
  };
  return {
    async find(agent, id) {
      try {
        return await store.find(agent, id);
      } catch (error) {
        return heldOr(error, agent, id).value;
      }
    },
    async lookUp(agent, id) {
      try {
        return await store.lookUp(agent, id);
      } catch (error) {
        const { value, expiresAt } = heldOr(error, agent, id);
        return { pin: value, expiresAt };
      }
    },
  };
}

type Asked = {
  /** What to claim if nothing is held; its session is the one that the id leads to. */
  readonly pin: Pin;
  /** The id that was asked for. */
  readonly id: SessionId;
  readonly held: Known<Pin> | null;
  readonly alias: Known<Alias> | null;
};

/** What is remembered, unless the session has been moved since: then who asks knows better. */
function knownTo(held: Known<Pin> | null, asked: Pin): Known<Pin> | null {
  return held !== null && timesMoved(asked) > timesMoved(held.value) ? null : held;
}

/** What the store says. */
async function ask({ deps, known, backlog }: Context, asked: Asked, ttlMs: number): Promise<Pin> {
  const { store, slack } = deps;
  const { id, held, alias } = asked;
  const mine = held?.value ?? asked.pin;
  const storedMs = ttlMs * (1 + slack);
  if (alias !== null && !alias.isWritten) await store.alias(alias.value, storedMs);
  // By the id that was asked for, so that the store renews the aliases on the way too.
  const claimed = { ...mine, session: id };
  const isNew = held !== null && !held.isWritten;
  // A move that the store has lost is not to be undone by whoever missed it.
  const isMerged = isNew || mine.moved !== null;
  const winner = await (isMerged ? store.merge(claimed, storedMs) : store.claim(claimed, storedMs));
  if (isNew) backlog.compare(mine, winner);
  learn({ known, id, winner }, ttlMs);
  return winner;
}

async function claim(context: Context, asked: Asked, ttlMs: number): Promise<Pin> {
  const { deps, known, backlog } = context;
  const { held } = asked;
  try {
    return await ask(context, asked, ttlMs);
  } catch (error) {
    const mine = held?.value ?? asked.pin;
    deps.onFault(error);
    backlog.begin();
    known.rememberPin(mine, { ttlMs, isWritten: held?.isWritten ?? false, isFresh: false });
    return mine;
  }
}

/** What the store answered is right, whatever was thought here. */
function learn({ known, id, winner }: { known: KnownPins; id: SessionId; winner: Pin }, ttlMs: number): void {
  const { agent, session } = winner;
  known.rememberPin(winner, { ttlMs, isWritten: true, isFresh: true });
  if (session === id) known.forgetAlias(agent, id);
  else known.rememberAlias({ agent, alias: id, session }, { ttlMs, isWritten: true, isFresh: true });
}

async function addAlias({ deps, known, backlog }: Context, alias: Alias, ttlMs: number): Promise<void> {
  known.rememberAlias(alias, { ttlMs, isWritten: false, isFresh: false });
  try {
    await deps.store.alias(alias, ttlMs * (1 + deps.slack));
    known.rememberAlias(alias, { ttlMs, isWritten: true, isFresh: true });
  } catch (error) {
    deps.onFault(error);
    backlog.begin();
  }
}
