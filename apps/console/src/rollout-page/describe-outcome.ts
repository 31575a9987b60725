import type { GateView, RolloutView } from "@perch/api";
import { countOf, formatOddsRatio, formatPercent } from "./format-number.ts";
import { describeEvidence, formatOdds } from "./format-odds.ts";
import { onlyMirrored, type Phase } from "./phase-words.ts";

export type Outcome =
  | { readonly kind: "open" }
  | {
      readonly kind: "back" | "promoted" | "stopped";
      readonly headline: string;
      /** One sentence a gate, or the reason a person gave. */
      readonly evidence: readonly string[];
    };

const KINDS: Record<Phase, Outcome["kind"]> = {
  Pending: "open",
  Preparing: "open",
  Shadowing: "open",
  Shifting: "open",
  Baking: "open",
  Paused: "open",
  Promoting: "promoted",
  Succeeded: "promoted",
  RollingBack: "back",
  RolledBack: "back",
  Aborting: "stopped",
  Aborted: "stopped",
  Superseding: "stopped",
  Superseded: "stopped",
  Failed: "stopped",
};

/** How a rollout ended, in words for the result panel. */
export function describeOutcome(rollout: RolloutView): Outcome {
  if (onlyMirrored(rollout)) return { kind: "stopped", headline: mirroredHeadline(rollout), evidence: [] };
  const kind = KINDS[rollout.phase];
  switch (kind) {
    case "open":
      return { kind };
    case "back":
      return { kind, headline: backHeadline(rollout), evidence: whyBack(rollout) };
    case "promoted":
      return { kind, headline: promotedHeadline(rollout), evidence: rollout.gates.map(whyPromoted) };
    case "stopped":
      return { kind, headline: stoppedHeadline(rollout), evidence: spoken(rollout.reason) };
  }
}

/** Gates that reject now but did not cause the rollback: sessions that matured afterwards convicted them too. */
export function laterRejections(rollout: RolloutView): readonly string[] {
  return rollout.rejectedGates.filter((name) => !rollout.culprits.includes(name));
}

/** `22.0 % of 82 canary sessions against 8.1 % of 1,506 baseline sessions` */
export function describeRates({ canary, baseline }: GateView): string {
  const mine = `${formatPercent(canary.rate)} of ${countOf(canary.sessions, "canary session")}`;
  return `${mine} against ${formatPercent(baseline.rate)} of ${countOf(baseline.sessions, "baseline session")}`;
}

function backHeadline({ phase, canary, culprits }: RolloutView): string {
  const verb = phase === "RolledBack" ? "was rolled back" : "is being rolled back";
  return culprits.length === 0 ? `${canary.version} ${verb}` : `${canary.version} ${verb} on ${joinNames(culprits)}`;
}

function promotedHeadline({ phase, canary }: RolloutView): string {
  if (phase === "Promoting") return `${canary.version} is being promoted`;
  return `${canary.version} was promoted and is the current release`;
}

function mirroredHeadline({ canary, baseline }: RolloutView): string {
  return `${canary.version} was mirrored to, and ${baseline.version} stays the current release`;
}

function stoppedHeadline({ phase, canary, baseline }: RolloutView): string {
  if (phase === "Failed") return `The rollout failed before any session met ${canary.version}`;
  if (phase === "Superseding" || phase === "Superseded") return "Another rollout took its place";
  return `The rollout was aborted; new sessions go to ${baseline.version}`;
}

function whyBack(rollout: RolloutView): readonly string[] {
  const guilty = rollout.gates.filter((gate) => rollout.culprits.includes(gate.name));
  if (guilty.length === 0) return spoken(rollout.reason);
  return guilty.map((gate) => {
    const limit = `the gate rejects at ${formatOdds(gate.rejectAtLogE)}`;
    const found = gate.promise === null ? describeRates(gate) : gate.promise.sentence;
    return `${gate.name}: ${found}. Evidence: ${describeEvidence(gate.logE)}; ${limit}.`;
  });
}

function whyPromoted(gate: GateView): string {
  const { upperOddsRatio, isMet } = gate.nonInferiority;
  const bound = upperOddsRatio === null ? "" : `; odds ratio below ${formatOddsRatio(upperOddsRatio)}`;
  return `${gate.name}: ${describeRates(gate)}${isMet ? "; not worse than the margin" : ""}${bound}.`;
}

function spoken(reason: string): readonly string[] {
  return reason === "" ? [] : [reason];
}

function joinNames(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
