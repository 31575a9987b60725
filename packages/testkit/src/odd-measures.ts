import type { SessionMeasures } from "@perch/domain";

/** None of them null or empty, with names that a query has to be careful with. */
export const ODD_MEASURES: SessionMeasures = {
  costUsd: 0.012_345,
  unpricedModels: ["it's-a-model", "other"],
  durationMs: 1234.5,
  slowestTurnMs: 800.25,
  firstResponseMs: 12,
  slowestFirstByteMs: 40.5,
  firstTokenMs: 9.75,
  steps: 4,
  toolCalls: {
    "it's ; odd": { calls: 3, failed: 1, invalidArguments: 2 },
    lookup_order: { calls: 1, failed: 0, invalidArguments: 0 },
  },
  retries: 2,
  loops: 1,
  argumentShapes: ["it's ; odd()", "lookup_order(id,order_id)"],
  outcome: "failure",
  intent: "refund.status",
  evaluators: { reward: "judge@3", "it's": "" },
};
