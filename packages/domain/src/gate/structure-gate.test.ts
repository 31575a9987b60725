import {
  aMaturedSession,
  judgeSimulation,
  reportOfSimulation,
  rejectionRate,
  seededRandom,
  simulateGates,
  type GateSimulation,
} from "@perch/testkit";
import { expect, test } from "vitest";
import { NO_MEASURES } from "../telemetry/session-measures.ts";
import type { MaturedSession } from "../telemetry/session.ts";
import type { DistributionGate } from "./gate-spec.ts";
import { referenceOf } from "./gate-reference.ts";

const TOOLS: DistributionGate = {
  name: "tool-use",
  kind: "distribution",
  of: "trace.structure",
  direction: "increase",
  role: "signal",
  onFail: "pause",
  alpha: 0.01,
};

/** An agent that looks an order up, mostly verifies, and sometimes refunds. */
function calls(random: () => number): string[] {
  if (random() < 0.03) return ["find_user", "refund", "verify_identity"];
  const rest = random() < 0.4 ? ["verify_identity", "refund"] : random() < 0.5 ? ["verify_identity"] : [];
  return ["find_user", ...(random() < 0.7 ? ["lookup_order"] : []), ...rest];
}

type Change = (tools: string[], random: () => number) => string[];

function working(change: Change, more: Partial<GateSimulation> = {}): GateSimulation {
  return {
    gates: [TOOLS],
    weightBp: 2500,
    canarySessions: 300,
    seed: 5,
    session: (arm, random) => sessionOf(arm === "canary" ? change(calls(random), random) : calls(random)),
    ...more,
  };
}

function sessionOf(toolSequence: readonly string[]): Partial<MaturedSession> {
  const argumentShapes = [...new Set(toolSequence.map((tool) => `${tool}(id)`))].toSorted();
  return { toolSequence, measures: { ...NO_MEASURES, argumentShapes } };
}

const same: Change = (tools) => tools;
const swapped: Change = (tools, random) =>
  tools.includes("refund") && random() < 0.8 ? ["find_user", "refund", "verify_identity"] : tools;
const looping: Change = (tools, random) =>
  random() < 0.15 ? [...tools, ...Array<string>(6).fill("lookup_order")] : tools;

test("an agent that works alike is hardly ever called different", () => {
  expect(rejectionRate(25, working(same, { canarySessions: 150, seed: 1000 }))).toBeLessThanOrEqual(1 / 25);
});

test("another order, a loop and a tool that is left out are found", () => {
  expect(rejectionRate(8, working(swapped))).toBe(1);
  expect(rejectionRate(8, working(looping))).toBeGreaterThan(0.8);
  expect(
    rejectionRate(
      8,
      working((tools) => tools.filter((tool) => tool !== "verify_identity")),
    ),
  ).toBe(1);
});

test("the difference is told as a sentence with both rates, the clearest first", () => {
  const random = seededRandom(1);
  const history = Array.from({ length: 1000 }, () => aMaturedSession(sessionOf(calls(random))));
  const simulation = working(swapped, { references: { "tool-use": referenceOf(TOOLS, history) } });
  const { findings, verdict } = reportOfSimulation(simulation);
  expect(verdict).toEqual({ kind: "fail", because: "evidence" });
  const told = findings.find(({ sentence }) =>
    sentence.startsWith("`refund` is called right before `verify_identity` in "),
  );
  expect(told?.sentence).toMatch(/in [23]\d % of sessions \(baseline \d %\)$/);
  expect(told?.isEstablished).toBe(true);
  expect(findings.map(({ logE }) => logE)).toEqual(findings.map(({ logE }) => logE).toSorted((a, b) => b - a));
});

test("an order that no baseline session has counts as new", () => {
  const backwards = working((tools) => tools.toReversed());
  const { findings } = reportOfSimulation(backwards);
  expect(findings.map(({ sentence }) => sentence).join("; ")).toContain("tools are called in an order that is new in");
});

test("arguments that are new are told", () => {
  const simulation = working(same, {
    session: (arm, random) => {
      const session = sessionOf(calls(random));
      if (arm === "baseline" || random() < 0.5) return session;
      return { ...session, measures: { ...NO_MEASURES, argumentShapes: ["find_user(email,id)"] } };
    },
  });
  const { findings } = reportOfSimulation(simulation);
  expect(findings.map(({ sentence }) => sentence).join("; ")).toContain("a call has arguments that are new");
});

test("a difference only pauses", () => {
  const judgement = judgeSimulation(working(swapped));
  expect(judgement).toMatchObject({ culprits: [], pausing: ["tool-use"], canAdvance: false });
});

test("what is compared is frozen from history, else from the first 30 baseline sessions, which are not tested", () => {
  const history = Array.from({ length: 150 }, (_, i) =>
    aMaturedSession(sessionOf(["find_user", i % 2 === 0 ? "lookup_order" : "verify_identity"])),
  );
  const reference = referenceOf(TOOLS, history);
  const known = simulateGates(working(same, { references: { "tool-use": reference }, canarySessions: 4 }));
  expect(known.gates[0]?.learnt).toMatchObject({
    kind: "structure",
    sessions: { canary: expect.toSatisfy((n: number) => n >= 4) },
  });
  const unknown = simulateGates(working(same, { canarySessions: 2 }));
  expect(unknown.gates[0]?.learnt).toMatchObject({ kind: "structure", sessions: { canary: 0 } });
});
