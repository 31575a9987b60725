import type { MoveView } from "@perch/api";
import { expect, test } from "vitest";
import { describeMove, describeMoves } from "./describe-move.ts";

const move: MoveView = {
  id: "support.move-1",
  agent: "support",
  from: { digest: "sha256:1", version: "2.3.1" },
  to: { digest: "sha256:0", version: "2.3.0" },
  session: null,
  mode: "migrate",
  boundary: { header: true, idleMs: 300_000 },
  rollout: null,
  requestedAt: 0,
  actor: "cli:ann",
  reason: "refunds loop",
  standing: "open",
  outcome: null,
  because: "",
  memoryProblems: [],
  moved: 3,
  pinned: 2,
};

test("a move says whom it moves, how far it has come, and where sessions may change", () => {
  expect(describeMove(move, 185_000).split("\n")).toEqual([
    "support.move-1: migrate sessions of support from 2.3.1 to 2.3.0: under way",
    "  moved 3, 2 still pinned to the old release",
    "  boundary: where the agent says so (x-perch-boundary), or after 5m of silence",
    "  asked for 3m ago by cli:ann: refunds loop",
  ]);
});

test("what nobody knows is not called nothing", () => {
  expect(describeMove({ ...move, pinned: null }, 0)).toContain("not every gateway has told how many are still pinned");
});

test("an eviction has no boundary, and says what its sessions may lose", () => {
  const text = describeMove({ ...move, mode: "evict", session: "s-1", memoryProblems: ["store moved"] }, 0);
  expect(text).toContain("evict session s-1 of support");
  expect(text).not.toContain("boundary");
  expect(text).toContain("memory: store moved");
});

test("a move that is over says how it ended and why", () => {
  const ended = { ...move, standing: "past", outcome: "cancelled", because: "cancelled by cli:ann" } as const;
  expect(describeMoves("support", [{ ...ended, pinned: null }], 0)).toContain("cancelled\n  moved 3\n");
  expect(describeMoves("support", [], 0)).toBe("no session of support was ever moved");
});
