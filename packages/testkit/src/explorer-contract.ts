import {
  parseAgentName,
  parseRolloutId,
  parseSessionId,
  type ExplorerSource,
  type MaturedSession,
  type TraceStore,
} from "@perch/domain";
import { expect, test } from "vitest";
import { aTurnRecord } from "./routing-builders.ts";
import { aMaturedSession, aScore, aSpan } from "./telemetry-builders.ts";

const ROLLOUT = parseRolloutId("support-2-3-1");

/** What people's looks into sessions are answered with. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function describeExplorer(storage: () => { store: TraceStore; explorer: ExplorerSource }): void {
  const sessions = (change: readonly Partial<MaturedSession>[]): Promise<void> =>
    storage().store.appendSessions(
      change.map((one, index) =>
        aMaturedSession({ sequence: index + 1, session: parseSessionId(`s-${index}`), ...one }),
      ),
    );

  test("a trace is all its spans, each once", async () => {
    const [a, b] = [aSpan(), aSpan({ spanId: "00000000000000aa" })];
    await storage().store.appendSpans([a, b, aSpan({ traceId: "f".repeat(32) })]);
    await storage().store.appendSpans([a]);
    const found = await storage().explorer.trace(a.traceId);
    expect(found.toSorted((one, other) => (one.spanId < other.spanId ? 1 : -1))).toEqual([a, b]);
    expect(await storage().explorer.trace("0".repeat(32))).toEqual([]);
  });

  test("models without a price are counted by session, of those that ended lately", async () => {
    const { measures } = aMaturedSession();
    const lacking = (...unpricedModels: readonly string[]) => ({ measures: { ...measures, unpricedModels } });
    await sessions([
      { ...lacking("b-model", "it's ; odd"), endedAt: 2000 },
      { ...lacking("it's ; odd"), endedAt: 3000.5 },
      { ...lacking("a-model"), endedAt: 2500 },
      { ...lacking("old"), endedAt: 1999 },
      { ...lacking(), endedAt: 2600 },
    ]);
    const found = await storage().explorer.unpricedModels({ since: 2000, limit: 10 });
    expect(found).toEqual([
      { model: "it's ; odd", sessions: 2 },
      { model: "a-model", sessions: 1 },
      { model: "b-model", sessions: 1 },
    ]);
    expect(await storage().explorer.unpricedModels({ since: 2000, limit: 1 })).toEqual(found.slice(0, 1));
  });

  test("spans that no session has are counted, the most frequent names first, of those that came in lately", async () => {
    const { store, explorer } = storage();
    const naming = { ...aSpan().attribution, session: parseSessionId("s-0") };
    const strangers = ["cron", "it's ; odd", "cron"].map((name, index) =>
      aSpan({ traceId: "b".repeat(32), spanId: `${index}`.repeat(16), name }),
    );
    await store.appendTurns([aTurnRecord()]);
    await store.appendSpans([aSpan(), aSpan({ traceId: "c".repeat(32), attribution: naming }), ...strangers]);
    const lately = { from: 3_600_000, to: 0 };
    expect(await explorer.unjoinedSpans({ agoMs: lately, limit: 9 })).toEqual({
      spans: 5,
      unjoined: 3,
      names: ["cron", "it's ; odd"],
    });
    expect((await explorer.unjoinedSpans({ agoMs: lately, limit: 1 })).names).toEqual(["cron"]);
    const earlier = await explorer.unjoinedSpans({ agoMs: { from: 3_600_000, to: 1_800_000 }, limit: 9 });
    expect(earlier).toEqual({ spans: 0, unjoined: 0, names: [] });
  });

  test("a session is known once it has matured, with the scores that came later", async () => {
    const key = { agent: parseAgentName("support"), session: parseSessionId("s-0") };
    expect(await storage().explorer.matured(key)).toBeNull();
    await sessions([{}]);
    await storage().store.appendScores([aScore({ session: key.session, name: "late", value: 0.25, at: 9000 })]);
    expect(await storage().explorer.matured(key)).toMatchObject({ session: "s-0", scores: { late: 0.25 } });
  });

  test("which tool follows which is counted by arm, beginnings and ends included", async () => {
    await sessions([
      { toolSequence: ["verify", "refund"] },
      { toolSequence: ["verify", "verify", "refund"] },
      { toolSequence: [] },
      { arm: "canary", toolSequence: ["refund", "it's ; odd"] },
      { rollout: parseRolloutId("other"), toolSequence: ["refund"] },
    ]);
    const found = await storage().explorer.transitions({ rollout: ROLLOUT, limit: 100 });
    expect(found.map(({ arm, from, to, times, sessions }) => [arm, from, to, times, sessions])).toEqual([
      ["baseline", null, "verify", 2, 2],
      ["baseline", "refund", null, 2, 2],
      ["baseline", "verify", "refund", 2, 2],
      ["baseline", null, null, 1, 1],
      ["baseline", "verify", "verify", 1, 1],
      ["canary", null, "refund", 1, 1],
      ["canary", "it's ; odd", null, 1, 1],
      ["canary", "refund", "it's ; odd", 1, 1],
    ]);
    expect(await storage().explorer.transitions({ rollout: ROLLOUT, limit: 1 })).toHaveLength(2);
  });

  test("percentiles are of the sessions of which a measure is known, linear between neighbours", async () => {
    const { measures } = aMaturedSession();
    await sessions([
      ...[1, 2, 3, 4, 5].map((turns) => ({ turns, measures: { ...measures, costUsd: null, durationMs: turns * 10 } })),
      { arm: "canary", turns: 7, measures: { ...measures, costUsd: 0.5 } },
    ]);
    const found = await storage().explorer.spreads(ROLLOUT);
    const of = (arm: string, measure: string) => found.find((one) => one.arm === arm && one.measure === measure);
    expect(of("baseline", "turns")).toEqual({
      arm: "baseline",
      measure: "turns",
      sessions: 5,
      p50: 3,
      p90: expect.closeTo(4.6),
      p95: expect.closeTo(4.8),
      p99: expect.closeTo(4.96),
    });
    expect(of("baseline", "durationMs")).toMatchObject({ sessions: 5, p50: 30 });
    expect(of("baseline", "costUsd")).toBeUndefined();
    expect(of("canary", "costUsd")).toMatchObject({ sessions: 1, p50: 0.5, p99: 0.5 });
  });

  test("of a rollout without matured sessions there is nothing to show", async () => {
    expect(await storage().explorer.transitions({ rollout: ROLLOUT, limit: 10 })).toEqual([]);
    expect(await storage().explorer.spreads(ROLLOUT)).toEqual([]);
  });
}
