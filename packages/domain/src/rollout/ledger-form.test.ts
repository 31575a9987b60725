import { aGate, aRolloutPlan } from "@perch/testkit";
import { expect, test } from "vitest";
import { createBoard, observe } from "../gate/board.ts";
import { digestOf } from "../release/digest.ts";
import { parseRolloutId } from "../routing/ids.ts";
import { formatEvent, parseRolloutEvent } from "./ledger-form.ts";
import type { LedgerEntry } from "./ledger.ts";
import type { RolloutEvent } from "./rollout.ts";

/** As the ledger gives it back. */
function read(event: RolloutEvent): RolloutEvent {
  const entry: LedgerEntry = {
    ...formatEvent("support-2-3-1", event),
    sequence: 1,
    previousHash: "",
    hash: "",
  };
  return parseRolloutEvent(entry);
}

const APPLIED = {
  type: "applied",
  at: 0,
  actor: "ada",
  rollout: parseRolloutId("support-2-3-1"),
  baseline: { digest: digestOf("2.3.0"), version: "2.3.0" },
  canary: { digest: digestOf("2.3.1"), version: "2.3.1" },
  seed: "seed",
  forcedBecause: "",
  isSynthetic: false,
} as const;

test("a gate that was recorded without a kind is a proportion", () => {
  const plan = aRolloutPlan({ strategy: { type: "session" } });
  const { kind: _, ...old } = aGate({ objective: null });
  const recorded = { ...APPLIED, plan: { ...plan, gates: [old] } } as unknown as RolloutEvent;
  expect(read(recorded)).toEqual({ ...APPLIED, plan: { ...plan, gates: [aGate({ objective: null })] } });
});

test("a block of an older version is still counted", () => {
  const block = {
    step: 0,
    throughSequence: 12,
    openedAt: 0,
    closedAt: 1000,
    assigned: { baseline: 10, canary: 2 },
    unresolved: 0,
    baselineSessions: 10,
    canarySessions: 2,
    counts: { "escalation-rate": { baselineSessions: 10, baselineBad: 1, canarySessions: 2, canaryBad: 1 } },
  };
  const board = createBoard({
    gates: aRolloutPlan({ strategy: { type: "session" } }).gates,
    weightsBp: [500],
    windowMs: 300_000,
    references: { "escalation-rate": 0.1 },
  });
  expect(observe(board, block).gates[0]?.logE).toBeGreaterThan(0);
});
