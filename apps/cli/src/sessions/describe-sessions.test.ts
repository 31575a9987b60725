import type { ListedSessionView, SessionList, SessionMeasuresView } from "@perch/api";
import { expect, test } from "vitest";
import { describeSessions } from "./describe-sessions.ts";

const measures: SessionMeasuresView = {
  costUsd: 0.0123,
  unpricedModels: [],
  durationMs: 10,
  slowestTurnMs: 10,
  firstResponseMs: 5,
  slowestFirstByteMs: 5,
  firstTokenMs: 5,
  steps: 4,
  toolCalls: {
    refund: { calls: 2, failed: 1, invalidArguments: 0 },
    lookup: { calls: 1, failed: 0, invalidArguments: 0 },
  },
  retries: 0,
  loops: 0,
  argumentShapes: [],
  outcome: "success",
  intent: null,
  evaluators: {},
};

function listOf(...sessions: readonly Partial<ListedSessionView>[]): SessionList {
  return { at: 10_000, releases: [], next: null, sessions: sessions.map((change) => ({ ...live, ...change })) };
}

const live: ListedSessionView = {
  agent: "support",
  session: "s-1",
  release: { digest: "sha256:1", version: "2.3.1" },
  arm: "canary",
  rollout: null,
  step: null,
  startedAt: 1000,
  lastTurnAt: 9000,
  turns: 2,
  releases: 1,
  state: "live",
  settled: null,
};
const mature = (change: Partial<SessionMeasuresView>, isEscalated = false): Partial<ListedSessionView> => ({
  state: "mature",
  settled: { isEscalated, measures: { ...measures, ...change } },
});

function rowsOf(list: SessionList): readonly string[] {
  return describeSessions(list).split("\n\n")[1]?.split("\n") ?? [];
}

test("live sessions alone have no column for what they came to", () => {
  expect(rowsOf(listOf({}))[0]).toMatch(/turns$/);
});

test("a mature session shows its outcome, its steps, its tool calls and its cost", () => {
  const [head, first, second] = rowsOf(listOf(mature({}), {}));
  expect(head).toMatch(/turns {2}outcome +steps +tools +cost$/);
  expect(first).toMatch(/mature .* 2 +success +4 +3 +\$0\.01$/);
  expect(second).toMatch(/live .* 2$/);
});

test("an escalation is said beside the outcome, and what is not known is a dash", () => {
  const rows = rowsOf(listOf(mature({ outcome: "failure" }, true), mature({ outcome: null, costUsd: null })));
  expect(rows[1]).toContain("failure, escalated");
  expect(rows[2]).toMatch(/2 +– +4 +3 +–$/);
});

test("a cost below a cent is not rounded to nothing", () => {
  expect(rowsOf(listOf(mature({ costUsd: 0.000_42 })))[1]).toContain("$0.00042");
});

test("models without a price are named once, with what can be done", () => {
  const text = describeSessions(
    listOf(
      mature({ costUsd: null, unpricedModels: ["zeta", "alpha"] }),
      mature({ costUsd: null, unpricedModels: ["alpha"] }),
    ),
  );
  expect(text).toContain("no price is known for alpha, zeta: the server's --price-file can name one");
});
