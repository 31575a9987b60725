import type { Digest } from "../release/digest.ts";
import type { AgentName } from "../routing/ids.ts";

/**
 * Ends of turns of each arm's release, by the gateways' clocks, in order; thinned out. A gateway sends its
 * records in the order of time, so what is heard of an arm after a time says that what was before has come in.
 */
export type SignsOfLife = { readonly baseline: readonly number[]; readonly canary: readonly number[] };

export type SignsOfLifeQuery = {
  readonly agent: AgentName;
  readonly baseline: Digest;
  readonly canary: Digest;
  readonly since: number;
  readonly everyMs: number;
};
