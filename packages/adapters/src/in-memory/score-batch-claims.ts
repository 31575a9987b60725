import type { ScoreBatchClaim, TraceStore } from "@perch/domain";

export function createScoreBatchClaims(): TraceStore["claimScoreBatch"] {
  const held = new Map<string, ScoreBatchClaim>();
  return async (claim) => {
    const name = JSON.stringify([claim.sender, claim.key]);
    const first = held.get(name) ?? claim;
    held.set(name, first);
    return first;
  };
}
