import type { CountGate } from "@perch/domain";

/** A guardrail on escalations with an objective; `change` says what matters to the test. */
export function aGate(change: Partial<CountGate> = {}): CountGate {
  return {
    name: "escalation-rate",
    kind: "proportion",
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
