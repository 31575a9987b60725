import type { GatewayStatus } from "@perch/api";

export type PresentedCounts = NonNullable<GatewayStatus["presented"]>;
type Count = "accepted" | "expired" | "foreign" | "outvoted" | "overrideAccepted" | "overrideIgnored" | "aliasLearned";

/** Counts what clients and answers brought along, since the start. */
export type PlacementCounts = { add(what: Count): void; counts(): PresentedCounts };

export function createPlacementCounts(): PlacementCounts {
  const seen: Record<Count, number> = {
    accepted: 0,
    expired: 0,
    foreign: 0,
    outvoted: 0,
    overrideAccepted: 0,
    overrideIgnored: 0,
    aliasLearned: 0,
  };
  return {
    add(what) {
      seen[what] += 1;
    },
    counts() {
      const { accepted, expired, foreign, outvoted } = seen;
      return {
        signedPins: { accepted, expired, foreign, outvoted },
        overrides: { accepted: seen.overrideAccepted, ignored: seen.overrideIgnored },
        aliasesLearned: seen.aliasLearned,
      };
    },
  };
}
