import {
  digestOf,
  parseAgentName,
  parseRolloutId,
  parseSessionId,
  type CohortSource,
  type ExplorerSource,
  type SessionId,
  type SessionKey,
  type PairSource,
  type SessionSource,
  type TraceStore,
  type TurnRecord,
  type WriteCallSource,
} from "@perch/domain";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeContents } from "./content-contract.ts";
import { describeOpenSessions } from "./open-sessions-contract.ts";
import { ODD_MEASURES } from "./odd-measures.ts";
import { describeExplorer } from "./explorer-contract.ts";
import { describePairSource } from "./pair-source-contract.ts";
import { aMoveRecord, aTurnRecord } from "./routing-builders.ts";
import { describeSessionListing } from "./session-listing-contract.ts";
import { describeWriteCalls } from "./write-call-contract.ts";
import { describeSessionSource } from "./session-source-contract.ts";
import { describeTwoAgents } from "./two-agents-contract.ts";
import { describeScores } from "./score-contract.ts";
import { describeSignsOfLife } from "./signs-of-life-contract.ts";
import { aMaturedSession, aScore, aSpan, aToolCall } from "./telemetry-builders.ts";

export type TraceStorage = {
  readonly store: TraceStore;
  readonly cohorts: CohortSource;
  readonly sessions: SessionSource;
  readonly pairs: PairSource;
  readonly writeCalls: WriteCallSource;
  readonly explorer: ExplorerSource;
};

const ROLLOUT = parseRolloutId("support-2-3-1");
const CANARY_RELEASE = digestOf("support 2.3.1");
const FIRST = parseSessionId("session-1");
const SECOND = parseSessionId("session-2");
const THIRD = parseSessionId("session-3");
const AGENT = parseAgentName("support");
const keyOf = (session: SessionId): SessionKey => ({ agent: AGENT, session });
const AWKWARD = "a;b'c\"d\\e--f/*g{h}";
const ODD_EVALUATOR = {
  evaluator: "judge ' ;",
  evaluatorVersion: "2026-01\\",
  commentDigest: digestOf("a comment"),
};

/** What every trace store promises, with the sources that read from it. `create` gives a new, empty one. */
export function describeTraceStore(create: () => Promise<TraceStorage>): void {
  let storage: TraceStorage;
  beforeEach(async () => {
    storage = await create();
  });
  afterEach(() => storage.store.close());

  describe("evidence", () => describeEvidence(() => storage.store));
  describe("content of spans", () => describeContents(() => storage.store));
  describe("scores", () => describeScores(() => storage));
  describe("open sessions", () => describeOpenSessions(() => storage.store));
  describe("cohorts", () => describeCohorts(() => storage));
  describe("signs of life", () => describeSignsOfLife(() => storage));
  describe("two agents with the same session id", () => describeTwoAgents(() => storage));
  describe("session lists", () => describeSessionListing(() => storage));
  describe("looking into sessions", () => describeExplorer(() => storage));
  describe("session pages", () => describeSessionSource(() => storage));
  describe("mirrored sessions", () => describePairSource(() => storage));
  describe("calls that write", () => describeWriteCalls(() => storage));
}

// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
function describeEvidence(store: () => TraceStore): void {
  test("gives back exactly what was appended, whatever characters and nulls it holds", async () => {
    const session = parseSessionId(AWKWARD);
    const turn = aTurnRecord({
      session,
      rollout: ROLLOUT,
      step: 2,
      startedAt: 1_795_403_790_892.25,
      fault: "upstream_reset",
      firstByteMs: null,
      intent: "it's ; refund",
      taskState: "input-required",
    });
    const span = aSpan({
      name: "line\nbreak \u{1F600} ; DROP",
      isError: true,
      errorType: "OverloadedError",
      errorMessage: "it's \\ broken\t;",
      attribution: { session, release: CANARY_RELEASE, arm: "canary", rollout: ROLLOUT, serviceVersion: "2.3.1" },
      dialect: "openinference",
      provider: "p",
      model: "m",
      agent: "it's ; me",
      finishReason: "tool_calls",
      firstTokenMs: 12.25,
      inputTokens: 12_345_678,
      outputTokens: 5,
      cachedInputTokens: 4,
      cacheWriteInputTokens: 3,
      reasoningTokens: 2,
      tool: aToolCall({
        argumentsDigest: "a",
        argumentShape: "it's:number",
        invalidUnder: ["it's", "b"],
        resultDigest: "r",
      }),
      userSentiment: -0.25,
    });
    const score = aScore({
      session,
      value: -0.125,
      label: "it's ; fine",
      ...ODD_EVALUATOR,
    });
    await store().appendTurns([turn]);
    await store().appendSpans([span]);
    await store().appendScores([score]);
    expect(await store().evidenceOf([keyOf(session)])).toEqual([
      { ...keyOf(session), turns: [turn], moves: [], spans: [span], scores: [score] },
    ]);
  });

  test("counts a span, a turn and a score once, however often they are sent", async () => {
    for (let time = 0; time < 3; time += 1) {
      await store().appendTurns([aTurnRecord(), aTurnRecord()]);
      await store().appendSpans([aSpan()]);
      await store().appendScores([aScore()]);
    }
    const [evidence] = await store().evidenceOf([keyOf(FIRST)]);
    expect(evidence).toEqual({
      ...keyOf(FIRST),
      turns: [aTurnRecord()],
      moves: [],
      spans: [aSpan()],
      scores: [aScore()],
    });
  });

  test("keeps the moves of a session, each once, whichever gateway tells of them", async () => {
    const moves = [aMoveRecord(), aMoveRecord({ id: "move-2", times: 2, rollout: parseRolloutId("r-1"), at: 6000 })];
    await store().appendMoves(moves);
    await store().appendMoves([aMoveRecord()]);
    const [first, second] = await store().evidenceOf([keyOf(FIRST), keyOf(SECOND)]);
    expect(first?.moves.toSorted((a, b) => a.at - b.at)).toEqual(moves);
    expect(second?.moves).toEqual([]);
  });

  test("joins spans by the trace of the turn, also those that came before it", async () => {
    await store().appendSpans([aSpan({ traceId: "a".repeat(32) }), aSpan({ traceId: "b".repeat(32) })]);
    await store().appendTurns([
      aTurnRecord({ id: "1", traceId: "a".repeat(32) }),
      aTurnRecord({ id: "2", session: SECOND, traceId: "b".repeat(32) }),
    ]);
    const [first, second] = await store().evidenceOf([keyOf(FIRST), keyOf(SECOND)]);
    expect(first?.spans).toEqual([aSpan({ traceId: "a".repeat(32) })]);
    expect(second?.spans).toEqual([aSpan({ traceId: "b".repeat(32) })]);
  });

  test("joins spans of a trace that no turn knows by the session that they name, and those beside them that name none", async () => {
    const release = aTurnRecord().release;
    const naming = (session: SessionId, spanId: string) =>
      aSpan({ traceId: "c".repeat(32), spanId, attribution: { ...aSpan().attribution, session, release } });
    const [first, silent] = [naming(FIRST, "1".repeat(16)), aSpan({ traceId: "c".repeat(32), spanId: "2".repeat(16) })];
    await store().appendSpans([first, silent, naming(SECOND, "3".repeat(16)), naming(THIRD, "4".repeat(16))]);
    await store().appendTurns([aTurnRecord(), aTurnRecord({ id: "2", session: SECOND, traceId: "b".repeat(32) })]);
    const [evidence] = await store().evidenceOf([keyOf(FIRST)]);
    expect(evidence?.spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1))).toEqual([first, silent]);
  });

  test("knows nothing of an unknown session, and answers an empty question", async () => {
    expect(await store().evidenceOf([keyOf(FIRST)])).toEqual([
      { ...keyOf(FIRST), turns: [], moves: [], spans: [], scores: [] },
    ]);
    expect(await store().evidenceOf([])).toEqual([]);
  });

  test("takes empty batches, and many small ones at once", async () => {
    await Promise.all([
      store().appendSpans([]),
      store().appendTurns([]),
      store().appendScores([]),
      store().appendSessions([]),
    ]);
    const ids = Array.from({ length: 50 }, (_, index) => `turn-${index}`);
    await Promise.all(ids.map((id) => store().appendTurns([aTurnRecord({ id })])));
    const [evidence] = await store().evidenceOf([keyOf(FIRST)]);
    expect(evidence?.turns.map((turn) => turn.id).toSorted()).toEqual(ids.toSorted());
  });
}

// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
function describeCohorts(storage: () => TraceStorage): void {
  const members = (afterAssignment: number, limit = 100) =>
    storage().cohorts.members({ rollout: ROLLOUT, step: 0, afterAssignment, limit });
  const assignment = (id: string, changes: Partial<TurnRecord> = {}): TurnRecord =>
    aTurnRecord({ id, session: parseSessionId(id), kind: "assignment", rollout: ROLLOUT, step: 0, ...changes });
  const maturedOf = async (afterAssignment = 0) => (await members(afterAssignment)).map((member) => member.matured);

  test("gives back every field of a matured session", async () => {
    const session = aMaturedSession({
      session: parseSessionId(AWKWARD),
      toolSequence: ["lookup_order", "it's ; odd"],
      scores: { "it's": 0.5, reward: 1 },
      meanSentiment: -0.125,
      isEscalated: true,
      isSynthetic: true,
      measures: ODD_MEASURES,
      releasesSeen: [CANARY_RELEASE, digestOf("support 2.3.0")],
      endedBy: "idle",
    });
    await storage().store.appendTurns([assignment("1", { session: session.session })]);
    await storage().store.appendSessions([session]);
    expect(await maturedOf()).toEqual([session]);
  });

  test("a session is matured once: the first row wins", async () => {
    await storage().store.appendTurns([assignment("1", { session: FIRST })]);
    await storage().store.appendSessions([aMaturedSession({ session: FIRST, sequence: 1, turns: 3 })]);
    await storage().store.appendSessions([aMaturedSession({ session: FIRST, sequence: 2, turns: 9 })]);
    expect(await maturedOf()).toEqual([aMaturedSession({ session: FIRST, sequence: 1, turns: 3 })]);
  });

  test("lists a step's sessions in the order of assignment, mature or not", async () => {
    await storage().store.appendTurns([
      assignment("a", { startedAt: 900 }),
      assignment("b", { arm: "canary", startedAt: 100 }),
    ]);
    await storage().store.appendTurns([assignment("c", { startedAt: 500 })]);
    await storage().store.appendSessions([aMaturedSession({ session: parseSessionId("b"), arm: "canary" })]);
    const found = await members(0);
    expect(found.map(({ arm, assignedAt, matured }) => [arm, assignedAt, matured?.session ?? null])).toEqual([
      ["baseline", 900, null],
      ["canary", 100, "b"],
      ["baseline", 500, null],
    ]);
    const numbers = found.map((member) => member.assignment);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(new Set(numbers).size).toBe(3);
  });

  test("reads on from an assignment, as many as asked for", async () => {
    await storage().store.appendTurns(["a", "b", "c", "d"].map((id, index) => assignment(id, { startedAt: index })));
    const [first] = await members(0, 1);
    const next = await members(first?.assignment ?? 0, 2);
    expect(next.map((member) => member.assignedAt)).toEqual([1, 2]);
  });

  test("an assignment that is sent again, even much later, keeps its place", async () => {
    await storage().store.appendTurns([assignment("a")]);
    const before = await members(0);
    await storage().store.appendTurns([assignment("b")]);
    await storage().store.appendTurns([assignment("a"), assignment("again", { session: parseSessionId("a") })]);
    expect((await members(0)).map((member) => member.assignment)[0]).toBe(before[0]?.assignment);
    expect(await members(0)).toHaveLength(2);
  });

  test("keeps rollouts and steps apart, and counts the assigned sessions of each arm", async () => {
    await storage().store.appendTurns([
      assignment("a", { arm: "baseline" }),
      assignment("b", { arm: "baseline" }),
      assignment("b-again", { session: parseSessionId("b"), arm: "baseline" }),
      assignment("c", { arm: "canary" }),
      assignment("d", { step: 1 }),
      assignment("e", { kind: "turn" }),
      assignment("f", { rollout: parseRolloutId("other") }),
    ]);
    expect(await members(0)).toHaveLength(3);
    expect(await storage().cohorts.assigned({ rollout: ROLLOUT, step: 0 })).toEqual({ baseline: 2, canary: 1 });
    expect(await storage().cohorts.assigned({ rollout: ROLLOUT, step: 2 })).toEqual({ baseline: 0, canary: 0 });
  });

  test("history is the newest sessions of the agent that ended before", async () => {
    await storage().store.appendSessions([
      aMaturedSession({ sequence: 1, session: FIRST, endedAt: 100, rollout: null, step: null }),
      aMaturedSession({ sequence: 2, session: SECOND, endedAt: 200 }),
      aMaturedSession({ sequence: 3, session: THIRD, endedAt: 300 }),
      aMaturedSession({ sequence: 4, session: parseSessionId("x"), endedAt: 100, agent: parseAgentName("sales") }),
    ]);
    const history = (limit: number) =>
      storage().cohorts.history({ agent: parseAgentName("support"), before: 300, limit });
    expect((await history(10)).map((session) => session.sequence)).toEqual([2, 1]);
    expect((await history(1)).map((session) => session.sequence)).toEqual([2]);
  });

  test("the last sequence is 0 at first, then the largest ever written", async () => {
    expect(await storage().store.lastSequence()).toBe(0);
    await storage().store.appendSessions([aMaturedSession({ sequence: 7 })]);
    await storage().store.appendSessions([aMaturedSession({ sequence: 5, session: SECOND })]);
    expect(await storage().store.lastSequence()).toBe(7);
  });
}
