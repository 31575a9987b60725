import { digestOf, parseAgentName, parseRolloutId, parseSessionId } from "@perch/domain";
import { expect, test } from "vitest";
import { aTurnRecord } from "./routing-builders.ts";
import { aMaturedSession, aScore, aSpan } from "./telemetry-builders.ts";
import type { TraceStorage } from "./trace-store-contract.ts";

const ROLLOUT = parseRolloutId("support-2-3-1");
const SHARED = parseSessionId("42");
const SUPPORT = { agent: parseAgentName("support"), session: SHARED };
const SALES = { agent: parseAgentName("sales"), session: SHARED };
const [SUPPORT_TRACE, SALES_TRACE] = ["a".repeat(32), "b".repeat(32)];

const supportTurn = aTurnRecord({ ...SUPPORT, id: "1", traceId: SUPPORT_TRACE, startedAt: 1000 });
const salesTurn = aTurnRecord({
  ...SALES,
  id: "2",
  traceId: SALES_TRACE,
  startedAt: 5000,
  release: digestOf("sales 1.0.0"),
  endsSession: true,
});

/** A session is an agent's: what two agents' clients call the same is two sessions. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function describeTwoAgents(storage: () => TraceStorage): void {
  test("evidence of one agent's session holds nothing of the other's", async () => {
    const { store } = storage();
    const spans = [SUPPORT_TRACE, SALES_TRACE].map((traceId) => aSpan({ traceId }));
    await store.appendTurns([supportTurn, salesTurn]);
    await store.appendSpans(spans);
    const scores = [SUPPORT, SALES].map((key) => aScore({ ...key, id: `of ${key.agent}` }));
    await store.appendScores(scores);
    expect(await store.evidenceOf([SALES, SUPPORT])).toEqual([
      { ...SALES, turns: [salesTurn], moves: [], spans: [spans[1]], scores: [scores[1]] },
      { ...SUPPORT, turns: [supportTurn], moves: [], spans: [spans[0]], scores: [scores[0]] },
    ]);
  });

  test("a score that names no agent counts while one agent only has such a session", async () => {
    const { store } = storage();
    await store.appendScores([aScore({ session: SHARED, agent: null })]);
    await store.appendTurns([supportTurn]);
    expect((await store.evidenceOf([SUPPORT]))[0]?.scores).toHaveLength(1);
    await store.appendTurns([salesTurn]);
    expect((await store.evidenceOf([SUPPORT, SALES])).map(({ scores }) => scores)).toEqual([[], []]);
  });

  test("a trace that names the session alone belongs to whose release it names", async () => {
    const { store } = storage();
    const span = aSpan({ attribution: { ...aSpan().attribution, session: SHARED, release: salesTurn.release } });
    await store.appendTurns([supportTurn, salesTurn]);
    await store.appendSpans([span]);
    expect((await store.evidenceOf([SUPPORT, SALES])).map(({ spans }) => spans)).toEqual([[], [span]]);
  });

  test("each is open, ended and matured by itself", async () => {
    const { store, sessions } = storage();
    await store.appendTurns([supportTurn, salesTurn]);
    const open = await store.openSessions(0);
    expect(open.toSorted((a, b) => a.lastActivityAt - b.lastActivityAt)).toEqual([
      { ...SUPPORT, lastActivityAt: 1020, isEnded: false },
      { ...SALES, lastActivityAt: 5020, isEnded: true },
    ]);
    await store.appendSessions([aMaturedSession({ ...SALES, sequence: 1 })]);
    expect(await store.openSessions(0)).toMatchObject([SUPPORT]);
    await store.appendSessions([aMaturedSession({ ...SUPPORT, sequence: 2 })]);
    expect(await sessions.recent(5)).toMatchObject([SUPPORT, SALES]);
  });

  test("a cohort has its own agent's outcome, and nobody was switched", async () => {
    const { store, cohorts, sessions } = storage();
    const assigned = { ...supportTurn, rollout: ROLLOUT, step: 0 };
    await store.appendTurns([{ ...assigned, id: "0", kind: "assignment" }, assigned, salesTurn]);
    await store.appendSessions([aMaturedSession({ ...SALES, sequence: 1, isEscalated: true })]);
    const members = () => cohorts.members({ rollout: ROLLOUT, step: 0, afterAssignment: 0, limit: 10 });
    expect((await members()).map(({ matured }) => matured)).toEqual([null]);
    await store.appendSessions([aMaturedSession({ ...SUPPORT, sequence: 2 })]);
    expect((await members()).map(({ matured }) => matured?.isEscalated)).toEqual([false]);
    expect(await sessions.switchedSessions(ROLLOUT)).toBe(0);
  });
}
