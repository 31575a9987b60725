import { aGate, judgeSimulation, reportOfSimulation, type GateSimulation } from "@perch/testkit";
import { expect, test } from "vitest";
import { NO_MEASURES } from "../telemetry/session-measures.ts";

const GATE = aGate({ name: "success", of: "score.success", direction: "decrease", objective: null });

/** The evaluator is replaced after so many sessions, by one that is harsher. */
function judgedBy(sessionsBefore: number, change: Partial<GateSimulation> = {}): GateSimulation {
  let seen = 0;
  return {
    gates: [GATE],
    references: { success: 0.1 },
    weightBp: 2500,
    canarySessions: 900,
    seed: 17,
    session: (_, random) => {
      seen += 1;
      const isOld = seen <= sessionsBefore;
      const score = random() < (isOld ? 0.1 : 0.5) ? 0 : 1;
      return { scores: { success: score }, measures: { ...NO_MEASURES, evaluators: { success: isOld ? "v1" : "v2" } } };
    },
    ...change,
  };
}

test("an evaluator that changes on the way voids the comparison, and nothing is promoted on it", () => {
  const judgement = judgeSimulation(judgedBy(500));
  expect(judgement.reports[0]?.verdict).toMatchObject({ kind: "invalid", because: expect.stringContaining("v1, v2") });
  expect(judgement).toMatchObject({ culprits: [], canAdvance: false });
  expect(judgement.waitingFor.join()).toContain("the evaluator changed on the way");
});

test("one evaluator all along does not", () => {
  expect(reportOfSimulation(judgedBy(1e6)).verdict.kind).toBe("pass");
});

test("a gate on another score is not touched by it", () => {
  const other = { ...GATE, name: "other", of: "score.other" } as const;
  const judgement = judgeSimulation(judgedBy(500, { gates: [GATE, other] }));
  expect(judgement.reports[1]?.verdict.kind).toBe("inconclusive");
});
