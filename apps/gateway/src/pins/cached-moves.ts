import { timesMoved, type PinStore } from "@perch/domain";
import type { CachedPinStoreDeps } from "./cached-pin-store.ts";
import type { KnownPins } from "./known-pins.ts";

/** What a move needs of the store, never answered from memory; memory learns from it. */
export function createCachedMoves({
  deps,
  known,
}: {
  readonly deps: CachedPinStoreDeps;
  readonly known: KnownPins;
}): Pick<PinStore, "mark" | "unmark" | "move"> {
  const { store, slack, onFault } = deps;

  async function reporting<Result>(asked: Promise<Result>): Promise<Result> {
    try {
      return await asked;
    } catch (error) {
      onFault(error);
      throw error;
    }
  }

  return {
    async mark(turn, markMs) {
      const marked = await reporting(store.mark(turn, markMs));
      const held = known.pin(turn.agent, turn.session)?.value;
      const isOutdated = held !== undefined && marked.pin !== null && timesMoved(marked.pin) > timesMoved(held);
      // The next claim asks the store.
      if (isOutdated) known.forgetPin(turn.agent, turn.session);
      return marked;
    },
    unmark: (turn, ttlMs) => reporting(store.unmark(turn, ttlMs)),
    async move(wish, ttlMs) {
      const outcome = await reporting(store.move(wish, ttlMs * (1 + slack)));
      if (outcome.kind === "moved") known.rememberPin(outcome.pin, { ttlMs, isWritten: true, isFresh: true });
      return outcome;
    },
  };
}
