import type { GateView, RolloutView } from "@perch/api";
import { countOf, formatOddsRatio, formatPercent, formatWeight } from "./format-number.ts";
import { describeEvidence, formatOdds } from "./format-odds.ts";

export type Outcome =
  | { readonly kind: "open" }
  | {
      readonly kind: "back" | "promoted" | "stopped";
      /** False while gateways are still answering. */
      readonly isDone: boolean;
      readonly headline: string;
      /** One sentence a gate, or the reason a person gave. */
      readonly evidence: readonly string[];
    };

/** How a rollout ended, in words for the result panel. */
export function describeOutcome(rollout: RolloutView): Outcome {
  const { phase, canary, baseline } = rollout;
  switch (phase) {
    case "RollingBack":
    case "RolledBack": {
      const isDone = phase === "RolledBack";
      const verb = isDone ? "rolled back" : "is being rolled back";
      const cause = rollout.culprits.length === 0 ? "" : ` on ${joinNames(rollout.culprits)}`;
      return { kind: "back", isDone, headline: `${canary.version} ${verb}${cause}`, evidence: whyBack(rollout) };
    }
    case "Promoting":
    case "Succeeded": {
      const isDone = phase === "Succeeded";
      const headline = isDone
        ? `${canary.version} was promoted and is the current release`
        : `${canary.version} is being promoted`;
      return { kind: "promoted", isDone, headline, evidence: rollout.gates.map(whyPromoted) };
    }
    case "Aborting":
    case "Aborted": {
      const headline = `The rollout was aborted; new sessions go to ${baseline.version}`;
      return { kind: "stopped", isDone: phase === "Aborted", headline, evidence: spoken(rollout.reason) };
    }
    case "Failed": {
      const headline = `The rollout failed before any session met ${canary.version}`;
      return { kind: "stopped", isDone: true, headline, evidence: spoken(rollout.reason) };
    }
    case "Pending":
    case "Preparing":
    case "Shifting":
    case "Baking":
    case "Paused":
      return { kind: "open" };
  }
}

/** Gates that reject now but did not cause the rollback: sessions that matured afterwards convicted them too. */
export function laterRejections(rollout: RolloutView): readonly string[] {
  return rollout.rejectedGates.filter((name) => !rollout.culprits.includes(name));
}

/** `22.0 % of 82 canary sessions against 8.1 % of 1,506 baseline sessions` */
export function describeRates(gate: GateView): string {
  const { canary, baseline } = gate;
  const mine = `${formatPercent(canary.rate)} of ${countOf(canary.sessions, "canary session")}`;
  return `${mine} against ${formatPercent(baseline.rate)} of ${countOf(baseline.sessions, "baseline session")}`;
}

/** What the next step or the promotion is waiting for, or what it says when nothing is. */
export function describeStep(rollout: RolloutView): string {
  const target = formatWeight(rollout.weightBp);
  if (rollout.step === null) return `${target} of new sessions`;
  return `step ${rollout.step + 1} of ${rollout.steps.length}: ${target} of new sessions`;
}

function whyBack(rollout: RolloutView): readonly string[] {
  const guilty = rollout.gates.filter((gate) => rollout.culprits.includes(gate.name));
  if (guilty.length === 0) return spoken(rollout.reason);
  return guilty.map((gate) => {
    const limit = `rolls back at ${formatOdds(gate.rejectAtLogE)}`;
    return `${gate.name}: ${describeRates(gate)}. Evidence: ${describeEvidence(gate.logE)} (${limit}).`;
  });
}

function whyPromoted(gate: GateView): string {
  const { upperOddsRatio, isMet } = gate.nonInferiority;
  const bound = upperOddsRatio === null ? "" : `; odds ratio below ${formatOddsRatio(upperOddsRatio)}`;
  return `${gate.name}: ${describeRates(gate)}, ${isMet ? "not worse than the margin" : "margin not judged"}${bound}.`;
}

function spoken(reason: string): readonly string[] {
  return reason === "" ? [] : [reason];
}

function joinNames(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
