import { createMemoryLedger, createMemoryServerState, createMemoryTraceStore } from "@perch/adapters/in-memory";
import type { Ledger, ServerState, TraceStore } from "@perch/domain";

/** Which durable write of all servers of a world is a server's last, and whether it gets done. */
export type Death = { readonly atWrite: number; readonly when: "before" | "after" };

/** What one server is given: it works until the server dies, and from then on nothing does. */
export type Life = {
  readonly ledger: Ledger;
  readonly state: ServerState;
  readonly traces: ReturnType<typeof createMemoryTraceStore>;
  readonly isDead: () => boolean;
};

export type MortalStores = {
  /** A new server's. */
  readonly begin: () => Life;
  /** As somebody reads it who is no server. */
  readonly ledger: Ledger;
  /** Durable writes so far. */
  readonly writes: () => number;
};

/** Stores that outlive their servers, one of which dies at a chosen write. */
export function createMortalStores(death: Death | null): MortalStores {
  const state = createMemoryServerState();
  const ledger = createMemoryLedger(state);
  const traces = createMemoryTraceStore();
  let writes = 0;

  function begin(): Life {
    let isDead = false;
    const live = (): void => {
      if (isDead) throw new Error("this server is dead");
    };
    const die = (): never => {
      isDead = true;
      throw new Error("killed");
    };
    async function write<Result>(run: () => Promise<Result>): Promise<Result> {
      live();
      writes += 1;
      const isLast = death?.atWrite === writes;
      if (isLast && death.when === "before") return die();
      const result = await run();
      return isLast ? die() : result;
    }
    return {
      ledger: {
        ...ledger,
        append: (entry, expected, epoch) => write(() => ledger.append(entry, expected, epoch)),
      },
      state: {
        ...state,
        nextEpoch: (above, held) => write(() => state.nextEpoch(above, held)),
        rememberGateway: (gateway, leaseMs) => write(() => state.rememberGateway(gateway, leaseMs)),
        forgetGateway: (gateway) => write(() => state.forgetGateway(gateway)),
      },
      traces: { ...traces, store: mortalTraces(traces.store, write) },
      isDead: () => isDead,
    };
  }

  return { begin, ledger, writes: () => writes };
}

type Write = <Result>(run: () => Promise<Result>) => Promise<Result>;

function mortalTraces(store: TraceStore, write: Write): TraceStore {
  return {
    ...store,
    appendSpans: (spans) => write(() => store.appendSpans(spans)),
    appendTurns: (turns) => write(() => store.appendTurns(turns)),
    appendMoves: (moves) => write(() => store.appendMoves(moves)),
    appendShadowTurns: (turns) => write(() => store.appendShadowTurns(turns)),
    appendScores: (scores) => write(() => store.appendScores(scores)),
    appendSessions: (sessions) => write(() => store.appendSessions(sessions)),
  };
}
