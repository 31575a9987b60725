import {
  digestOf,
  parseAgentName,
  parseMoveId,
  parseRolloutId,
  parseSessionId,
  type SessionSource,
  type TraceStore,
} from "@perch/domain";
import { expect, test } from "vitest";
import { aMoveRecord, aTurnRecord } from "./routing-builders.ts";
import { aMaturedSession } from "./telemetry-builders.ts";

const ROLLOUT = parseRolloutId("support-2-3-1");
const CANARY_RELEASE = digestOf("support 2.3.1");
const FIRST = parseSessionId("session-1");
const SECOND = parseSessionId("session-2");
const THIRD = parseSessionId("session-3");

const canaryTurn = aTurnRecord({
  session: SECOND,
  rollout: ROLLOUT,
  step: 0,
  arm: "canary",
  release: CANARY_RELEASE,
});
const baselineTurn = aTurnRecord({ session: FIRST, rollout: ROLLOUT, step: 0 });

/** What every source of session pages promises of what was written to its store. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function describeSessionSource(storage: () => { store: TraceStore; sessions: SessionSource }): void {
  test("recent sessions come newest first", async () => {
    await storage().store.appendSessions([
      aMaturedSession({ sequence: 1, session: FIRST }),
      aMaturedSession({ sequence: 2, session: SECOND }),
    ]);
    expect((await storage().sessions.recent(5)).map((one) => one.sequence)).toEqual([2, 1]);
    expect((await storage().sessions.recent(1)).map((one) => one.sequence)).toEqual([2]);
  });

  test("an arm without sessions has nothing to average", async () => {
    const nothing = {
      sessions: 0,
      matured: 0,
      escalated: 0,
      turns: 0,
      meanTurns: null,
      meanSentiment: null,
      meanToolCalls: null,
    };
    expect(await storage().sessions.armSummaries(ROLLOUT)).toEqual({ baseline: nothing, canary: nothing });
  });

  test("sums up each arm: assigned sessions from turns, means from matured ones", async () => {
    await storage().store.appendTurns([
      { ...baselineTurn, id: "1" },
      { ...canaryTurn, id: "2" },
      { ...canaryTurn, id: "3" },
      { ...canaryTurn, id: "3" },
      { ...canaryTurn, id: "4", kind: "sessionEnd" },
      { ...canaryTurn, id: "5", session: THIRD },
    ]);
    await storage().store.appendSessions([
      aMaturedSession({
        sequence: 1,
        session: SECOND,
        arm: "canary",
        turns: 2,
        isEscalated: true,
        toolSequence: ["a"],
      }),
      aMaturedSession({
        sequence: 2,
        session: THIRD,
        arm: "canary",
        turns: 1,
        toolSequence: ["a", "b"],
        meanSentiment: 0.5,
      }),
    ]);
    const { baseline, canary } = await storage().sessions.armSummaries(ROLLOUT);
    expect(baseline).toMatchObject({ sessions: 1, matured: 0, turns: 1, meanTurns: null });
    expect(canary).toEqual({
      sessions: 2,
      matured: 2,
      escalated: 1,
      turns: 3,
      meanTurns: 1.5,
      meanSentiment: 0.5,
      meanToolCalls: 1.5,
    });
  });

  test("a session is switched when its turns name two releases, also at the edge of the rollout", async () => {
    await storage().store.appendTurns([
      { ...canaryTurn, id: "1" },
      { ...canaryTurn, id: "2" },
      { ...baselineTurn, id: "3" },
    ]);
    expect(await storage().sessions.switchedSessions(ROLLOUT)).toBe(0);
    await storage().store.appendTurns([
      { ...baselineTurn, id: "4", rollout: null, step: null, release: CANARY_RELEASE },
    ]);
    expect(await storage().sessions.switchedSessions(ROLLOUT)).toBe(1);
  });

  test("a session that was moved on record is not switched, and one that then went on without a record is", async () => {
    const { store, sessions } = storage();
    const [at, from] = [baselineTurn, baselineTurn.release];
    await store.appendTurns([
      { ...at, id: "1" },
      { ...at, id: "2", rollout: null, step: null, release: CANARY_RELEASE },
    ]);
    await store.appendMoves([aMoveRecord({ session: FIRST, from, to: CANARY_RELEASE })]);
    expect(await sessions.switchedSessions(ROLLOUT)).toBe(0);
    await store.appendTurns([{ ...at, id: "3", rollout: null, step: null, release: digestOf("support 2.4.0") }]);
    expect(await sessions.switchedSessions(ROLLOUT)).toBe(1);
  });

  test("moved sessions are listed newest first, by agent, move or session, and counted by move", async () => {
    const { store, sessions } = storage();
    const second = parseMoveId("support.2");
    const [one, two, three] = [
      aMoveRecord({ id: "1", session: FIRST, at: 1 }),
      aMoveRecord({ id: "2", session: SECOND, at: 2 }),
      aMoveRecord({ id: "3", session: FIRST, at: 3, move: second, times: 2 }),
    ];
    await store.appendMoves([one, two, three, one]);
    await store.appendMoves([aMoveRecord({ id: "4", agent: parseAgentName("sales") })]);
    const { agent } = one;
    const listed = { agent, move: null, session: null, limit: 10 };
    expect(await sessions.movedSessions(listed)).toEqual([three, two, one]);
    expect(await sessions.movedSessions({ ...listed, limit: 1 })).toEqual([three]);
    expect(await sessions.movedSessions({ ...listed, session: FIRST })).toEqual([three, one]);
    expect(await sessions.movedSessions({ ...listed, move: one.move })).toEqual([two, one]);
    expect(Object.fromEntries(await sessions.movedCounts(agent))).toEqual({ "support.1": 2, "support.2": 1 });
  });

  test("exposed are the canary sessions that began before a moment", async () => {
    await storage().store.appendTurns([
      { ...canaryTurn, id: "1", startedAt: 1000 },
      { ...canaryTurn, id: "2", startedAt: 9000 },
      { ...canaryTurn, id: "3", session: THIRD, startedAt: 5000 },
      { ...baselineTurn, id: "4", startedAt: 1000 },
    ]);
    const exposed = (before: number | null) => storage().sessions.exposedSessions({ rollout: ROLLOUT, before });
    expect(await exposed(null)).toBe(2);
    expect(await exposed(5000)).toBe(1);
  });
}
