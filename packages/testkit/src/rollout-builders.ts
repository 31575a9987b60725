import { digestOf, parseRolloutId, parseRolloutSpec, type AppliedEvent, type RolloutPlan } from "@perch/domain";

type Json = Readonly<Record<string, unknown>>;

const SPEC: Json = {
  agent: "support",
  release: "2.3.1",
  steps: [{ setWeight: 5 }],
  analysis: { gates: [{ name: "escalation-rate", kind: "proportion" }] },
};

/** A rollout file as it comes from YAML: `support` to 2.3.1 at 5 %. What `spec` has stands instead; undefined leaves it out. */
export function aRolloutFile(spec: Json = {}): Json {
  const kept = Object.entries({ ...SPEC, ...spec }).filter(([, value]) => value !== undefined);
  return {
    apiVersion: "perch.dev/v1",
    kind: "Rollout",
    metadata: { name: "support-2-3-1" },
    spec: Object.fromEntries(kept),
  };
}

/** The plan of `aRolloutFile`. Throws with every problem when that is no good file. */
export function aRolloutPlan(spec: Json = {}): RolloutPlan {
  const parsed = parseRolloutSpec(aRolloutFile(spec));
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  return parsed.plan;
}

/** How `support-2-3-1` begins, from 2.3.0 at the moment 0; every value can be replaced. */
export function anAppliedEvent(change: Partial<AppliedEvent> = {}): AppliedEvent {
  return {
    type: "applied",
    at: 0,
    actor: "ada",
    rollout: parseRolloutId("support-2-3-1"),
    plan: change.plan ?? aRolloutPlan(),
    baseline: { digest: digestOf("2.3.0"), version: "2.3.0" },
    canary: { digest: digestOf("2.3.1"), version: "2.3.1" },
    seed: "seed",
    forcedBecause: "",
    isSynthetic: false,
    ...change,
  };
}
