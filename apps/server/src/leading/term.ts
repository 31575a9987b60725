import type { ServerState } from "@perch/domain";

/** One span of leading, from taking the lead to losing it. */
export type Term = {
  readonly epoch: number;
  /**
   * False as soon as another server may lead, and for good. Whatever goes to gateways is sent while it is true: the next
   * leader waits for every lease given until then, and for none that is given after it.
   */
  readonly isInForce: () => boolean;
};

/** The term of a server that shares its store with nobody, which its process lock sees to. */
export async function leadAlone(state: Pick<ServerState, "nextEpoch">): Promise<Term> {
  return { epoch: await state.nextEpoch(), isInForce: () => true };
}
