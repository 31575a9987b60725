import type { GateSpec } from "@perch/domain";

/** A guardrail on escalations with an objective; `change` says what matters to the test. */
export function aGate(change: Partial<GateSpec> = {}): GateSpec {
  return {
    name: "escalation-rate",
    of: "escalation-rate",
    direction: "increase",
    objective: { max: 0.12 },
    margin: 0.04,
    role: "guardrail",
    onFail: "rollback",
    alpha: 0.01,
    ...change,
  };
}
