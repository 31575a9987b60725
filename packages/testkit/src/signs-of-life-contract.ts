import {
  digestOf,
  parseAgentName,
  parseRolloutId,
  parseSessionId,
  type CohortSource,
  type TraceStore,
} from "@perch/domain";
import { expect, test } from "vitest";
import { aTurnRecord } from "./routing-builders.ts";
import { aMaturedSession } from "./telemetry-builders.ts";

type Storage = { readonly store: TraceStore; readonly cohorts: CohortSource };

const [ROLLOUT, SUPPORT] = [parseRolloutId("support-2-3-1"), parseAgentName("support")];
const [BASELINE, CANARY] = [digestOf("support 2.3.0"), digestOf("support 2.3.1")];

/** What is known of sessions that have not matured, and of when releases were heard of. */
export function describeSignsOfLife(storage: () => Storage): void {
  const members = () => storage().cohorts.members({ rollout: ROLLOUT, step: 0, afterAssignment: 0, limit: 100 });
  const turnOf = (id: string, at: number, change: Parameters<typeof aTurnRecord>[0] = {}) =>
    aTurnRecord({
      id,
      session: parseSessionId("s"),
      rollout: ROLLOUT,
      step: 0,
      startedAt: at,
      durationMs: 30,
      ...change,
    });
  const signs = (since: number, everyMs: number) =>
    storage().cohorts.signsOfLife({ agent: SUPPORT, baseline: BASELINE, canary: CANARY, since, everyMs });

  test("a session that was assigned has had no turn; then the end of its last one is known, and whether it is over", async () => {
    await storage().store.appendTurns([turnOf("a", 100, { kind: "assignment", durationMs: 0 })]);
    expect(await members()).toMatchObject([{ assignedAt: 100, lastTurnAt: null, isEnded: false, matured: null }]);
    await storage().store.appendTurns([turnOf("t2", 500), turnOf("t1", 100)]);
    expect(await members()).toMatchObject([{ lastTurnAt: 530, isEnded: false }]);
    await storage().store.appendTurns([turnOf("end", 900, { kind: "sessionEnd", durationMs: 0 })]);
    expect(await members()).toMatchObject([{ lastTurnAt: 530, isEnded: true, matured: null }]);
    await storage().store.appendSessions([aMaturedSession({ session: parseSessionId("s") })]);
    expect(await members()).toMatchObject([{ lastTurnAt: 530, isEnded: true, matured: { session: "s" } }]);
  });

  test("a turn that ends its session says so", async () => {
    const assigned = turnOf("a", 100, { kind: "assignment", durationMs: 0 });
    await storage().store.appendTurns([assigned, turnOf("t", 100, { endsSession: true })]);
    expect(await members()).toMatchObject([{ lastTurnAt: 130, isEnded: true }]);
  });

  test("of each release, the last end of a turn in every stretch of time, in order; nothing before, of others or but turns", async () => {
    const of = (release: typeof CANARY, at: number, change = {}) =>
      turnOf(`${release} ${at}`, at - 30, { release, ...change });
    await storage().store.appendTurns([
      of(CANARY, 2500),
      of(CANARY, 1100),
      of(CANARY, 1900, { session: parseSessionId("another"), rollout: null, step: null }),
      of(CANARY, 999),
      of(BASELINE, 1500),
      of(BASELINE, 3000, { kind: "assignment" }),
      of(CANARY, 4000, { agent: parseAgentName("sales") }),
      of(digestOf("support 1.0.0"), 5000),
    ]);
    await storage().store.appendTurns([of(CANARY, 2500)]);
    expect(await signs(1000, 1000)).toEqual({ baseline: [1500], canary: [1900, 2500] });
    expect(await signs(1000, 1)).toEqual({ baseline: [1500], canary: [1100, 1900, 2500] });
    expect(await signs(2501, 1000)).toEqual({ baseline: [], canary: [] });
  });
}
