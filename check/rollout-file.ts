import type { PlannedRollout } from "./plan-rollouts.ts";
import { AGENT } from "./world.ts";

const LEASE = "2s";

/** The file that a person would write. Its only gate is muted: what the plan says happens, and nothing else. */
export function rolloutFile(planned: PlannedRollout, release: string): string {
  const { name, weights, stepMs, ending, replaces } = planned;
  const steps = weights.map((weight, index) => {
    const needsPerson = ending !== "succeed" && index === weights.length - 1;
    const pause = { duration: `${stepMs}ms`, minSampleSize: 2, ...(needsPerson ? { requiresApproval: true } : {}) };
    return { setWeight: weight, pause };
  });
  return JSON.stringify({
    apiVersion: "perch.dev/v1",
    kind: "Rollout",
    metadata: { name },
    spec: {
      agent: AGENT,
      release,
      steps,
      analysis: {
        interval: "50ms",
        gates: [{ name: "error-rate", kind: "proportion", role: "muted", compare: { margin: 0.2 } }],
      },
      supersede: replaces ? "replace" : "reject",
      rollback: { propagation: { deadline: "1s", lease: LEASE } },
    },
  });
}
