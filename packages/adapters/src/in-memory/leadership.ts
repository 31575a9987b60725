import type { Leadership, ServerState } from "@perch/domain";

/** For servers of one process. `now` in milliseconds; epochs are those of `state`. */
export function createMemoryLeadership(state: Pick<ServerState, "nextEpoch">, now: () => number): Leadership {
  let held: { readonly term: string; readonly url: string; readonly epoch: number; readonly until: number } | null =
    null;
  return {
    async take({ term, url }, forMs) {
      if (held !== null && held.until > now()) {
        const { url, epoch, until } = held;
        return { kind: "following", leader: { url, epoch, remainingMs: until - now() } };
      }
      // Before anything is awaited: of two that ask at once the second finds it taken.
      held = { term, url, epoch: 0, until: now() + forMs };
      const epoch = await state.nextEpoch();
      held = { ...held, epoch };
      return { kind: "leading", epoch };
    },
    async keep(term, forMs) {
      if (held?.term !== term) return false;
      held = { ...held, until: now() + forMs };
      return true;
    },
    async giveUp(term) {
      if (held?.term === term) held = null;
    },
  };
}
