import type { GatewayStatus } from "@perch/api";
import type { ShadowOutcome, ShadowReason } from "@perch/domain";

export type MirrorStatus = NonNullable<GatewayStatus["mirror"]>;
type Counted = Pick<
  MirrorStatus,
  "sessions" | "mirrored" | "answered" | "failed" | "dropped" | "skipped" | "abandoned"
>;
type Why = ShadowReason | "session_abandoned";

/** Counts what became of what was to be mirrored, since the start. */
export type MirrorCounts = {
  add(what: "sessions" | "mirrored" | "abandoned"): void;
  outcome(outcome: ShadowOutcome, why: Why | null): void;
  counts(): Counted;
};

export function createMirrorCounts(): MirrorCounts {
  const plain = { sessions: 0, mirrored: 0, answered: 0, abandoned: 0 };
  const byReason: Record<Exclude<ShadowOutcome, "answered">, Record<string, number>> = {
    failed: {},
    dropped: {},
    skipped: {},
  };
  return {
    add(what) {
      plain[what] += 1;
    },
    outcome(outcome, why) {
      if (outcome === "answered") {
        plain.answered += 1;
        return;
      }
      const reasons = byReason[outcome];
      reasons[why ?? "unknown"] = (reasons[why ?? "unknown"] ?? 0) + 1;
    },
    counts: () => ({ ...plain, ...structuredClone(byReason) }),
  };
}
