import type { LedgerEntryView, RolloutView } from "@perch/api";
import { describeAfterPromotion } from "./describe-after-promotion.ts";
import { describeHarmBudget } from "./describe-harm-budget.ts";
import { describeDrift } from "./describe-drift.ts";
import { describeGate } from "./describe-gate.ts";
import { formatOdds } from "./format-odds.ts";

/** One rollout as a person on call wants to read it: where it is, why, and what each gate says with which evidence. */
export function describeRollout(rollout: RolloutView): string {
  const { id, agent, baseline, canary, arms, propagation } = rollout;
  const width = Math.max(0, ...rollout.gates.map((gate) => gate.name.length));
  return [
    `${id}  ${agent}  ${baseline.version} → ${canary.version}`,
    describeStep(rollout),
    ...describeMirror(rollout.mirror),
    ...describeHarmBudget(rollout),
    `sessions      baseline ${arms.baseline.sessions}, canary ${arms.canary.sessions}`,
    ...describeDrift(rollout),
    ...rollout.gates.flatMap((gate) => describeGate(gate, width)),
    ...describeAfterPromotion(rollout),
    ...(rollout.culprits.length === 0 ? [] : [`because of    ${rollout.culprits.join(", ")}`]),
    ...describePropagation(propagation),
    ...(rollout.isSynthetic ? ["(the sessions' clocks are made up)"] : []),
  ].join("\n");
}

function describeMirror(mirror: RolloutView["mirror"]): readonly string[] {
  if (mirror === null) return [];
  const { percentageBp, spent, cap, stoppedBecause, compared } = mirror;
  const stopped = stoppedBecause === "" ? "" : `; stopped: ${stoppedBecause}`;
  const spending = `${spent.sessions} of at most ${cap.sessions} sessions, ${spent.turns} of at most ${cap.turns} turns`;
  return [
    `mirror        ${percentageBp / 100} % of new sessions: ${spending}${stopped}`,
    ...(compared === null || compared.pairs === 0 ? [] : [describePairs(compared)]),
  ];
}

type Compared = NonNullable<NonNullable<RolloutView["mirror"]>["compared"]>;

function describePairs({ pairs, failures, slower }: Compared): string {
  const failed = `only the shadow failed in ${failures.onlyShadow}, only the baseline in ${failures.onlyBaseline}`;
  const late = `the shadow was slower in ${slower.onlyShadow}, the baseline in ${slower.onlyBaseline}`;
  return `pairs         ${pairs}: ${failed} (odds ${formatOdds(failures.logE)}); ${late}`;
}

function describePropagation(propagation: RolloutView["propagation"]): readonly string[] {
  if (propagation === null) return [];
  const { decidedAt, lastAckAt, gateways } = propagation;
  const missing = gateways.filter(({ ackedAt, fenced }) => ackedAt === null && !fenced).map(({ gateway }) => gateway);
  if (missing.length > 0) return [`gateways      waiting for ${missing.join(", ")}`];
  return lastAckAt === null ? [] : [`gateways      all had the last decision after ${lastAckAt - decidedAt} ms`];
}

/** The phase in one line. */
export function describeStep(rollout: RolloutView): string {
  const { phase, reason, step, steps, weightBp } = rollout;
  const where = step === null ? "" : `  step ${step + 1} of ${steps.length}`;
  return `${phase.padEnd(12)}  ${weightBp / 100} %${where}${reason === "" ? "" : `  ${reason}`}`;
}

export function describeRollouts(rollouts: readonly RolloutView[]): string {
  if (rollouts.length === 0) return "no rollouts yet; `perch rollout start -f FILE` starts one";
  return rollouts
    .map((rollout) => {
      const { id, agent, baseline, canary } = rollout;
      const when = new Date(rollout.appliedAt).toISOString();
      return `${when}  ${id}  ${agent} ${baseline.version} → ${canary.version}  ${describeStep(rollout)}`;
    })
    .join("\n");
}

/** The bodies are left to `--json`: a person reads when, what and the start of the hash. */
export function describeLedger(entries: readonly LedgerEntryView[]): string {
  return entries
    .map(({ sequence, at, type, hash }) => {
      const when = new Date(at).toISOString();
      return `${String(sequence).padStart(5)}  ${when}  ${type.padEnd(24)}  ${hash.slice(0, 12)}…`;
    })
    .join("\n");
}
