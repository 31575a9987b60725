import type { StrategyCounts } from "@perch/api";
import type { AgentName, IntentTargeting, Pin, Targeting } from "@perch/domain";
import { createRecentMap } from "../pins/recent-map.ts";

export type AuditOutcome =
  | { readonly kind: "compared"; readonly assigned: IntentTargeting; readonly found: IntentTargeting }
  | { readonly kind: "dropped" };

/** Counts what strategies made of sessions, by rollout, since the start. */
export type StrategyCounter = {
  placed(pin: Pin): void;
  audited(agent: AgentName, targeting: Targeting, outcome: AuditOutcome): void;
  counts(): StrategyCounts[];
};

type Audit = NonNullable<StrategyCounts["audit"]>;
type Misrouted = Audit["byIntent"][number];
type Tally = {
  readonly agent: AgentName;
  readonly targeting: Pick<Targeting, "kind" | "rollout">;
  readonly sessions: Record<string, number>;
  readonly audit: Omit<Audit, "byIntent">;
  readonly misrouted: Map<string, Misrouted>;
};

/** The rollouts that were met last. */
const MOST_ROLLOUTS = 50;
/** A classifier names its intents as it likes. */
const MOST_PAIRS = 100;

export function createStrategyCounter(): StrategyCounter {
  const tallies = createRecentMap<Tally>(MOST_ROLLOUTS, () => {});
  const tallyOf = (agent: AgentName, targeting: Targeting): Tally => {
    const tally = tallies.get(agent, targeting.rollout) ?? newTally(agent, targeting);
    tallies.set(agent, targeting.rollout, tally);
    return tally;
  };
  return {
    placed({ agent, targeting }) {
      if (targeting === null) return;
      const { sessions } = tallyOf(agent, targeting);
      const outcome = outcomeOf(targeting);
      sessions[outcome] = (sessions[outcome] ?? 0) + 1;
    },
    audited(agent, targeting, outcome) {
      addAudit(tallyOf(agent, targeting), outcome);
    },
    counts: () => [...tallies.values()].map(toCounts),
  };
}

function newTally(agent: AgentName, { kind, rollout }: Targeting): Tally {
  const audit = { sampled: 0, agreed: 0, misrouted: 0, unsure: 0, dropped: 0 };
  return { agent, targeting: { kind, rollout }, sessions: {}, audit, misrouted: new Map() };
}

function outcomeOf(targeting: Targeting): string {
  if (targeting.kind === "intent") return targeting.outcome;
  return targeting.place === null ? "unkeyed" : "keyed";
}

function addAudit({ audit, misrouted }: Tally, outcome: AuditOutcome): void {
  if (outcome.kind === "dropped") {
    audit.dropped += 1;
    return;
  }
  const { assigned, found } = outcome;
  audit.sampled += 1;
  if (found.intent === null || !(found.outcome === "eligible" || found.outcome === "notIncluded")) {
    audit.unsure += 1;
    return;
  }
  const eligible = found.outcome === "eligible";
  if (eligible === (assigned.outcome === "eligible")) {
    audit.agreed += 1;
    return;
  }
  audit.misrouted += 1;
  const key = `${assigned.intent} ${found.intent} ${eligible}`;
  const pair = misrouted.get(key) ?? { assigned: assigned.intent, found: found.intent, eligible, turns: 0 };
  if (misrouted.size >= MOST_PAIRS && !misrouted.has(key)) return;
  misrouted.set(key, { ...pair, turns: pair.turns + 1 });
}

function toCounts({ agent, targeting, sessions, audit, misrouted }: Tally): StrategyCounts {
  const { kind, rollout } = targeting;
  const byIntent = [...misrouted.values()].toSorted((a, b) => b.turns - a.turns);
  return { agent, rollout, kind, sessions: { ...sessions }, audit: kind === "intent" ? { ...audit, byIntent } : null };
}
