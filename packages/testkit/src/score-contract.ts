import {
  parseAgentName,
  parseRolloutId,
  parseSessionId,
  type CohortSource,
  type ScoreBatchClaim,
  type TraceStore,
} from "@perch/domain";
import { expect, test } from "vitest";
import { aMoveRecord, aTurnRecord } from "./routing-builders.ts";
import { aMaturedSession, aScore } from "./telemetry-builders.ts";

type Storage = { readonly store: TraceStore; readonly cohorts: CohortSource };

const ROLLOUT = parseRolloutId("support-2-3-1");
const CLAIM: ScoreBatchClaim = { sender: "nightly", key: "it's ; one", fingerprint: "f-1", receivedAt: 1000.25 };

/** Scores that come after a session has matured, and posts of scores under a key. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function describeScores(storage: () => Storage): void {
  const maturedScores = async () => {
    const members = await storage().cohorts.members({ rollout: ROLLOUT, step: 0, afterAssignment: 0, limit: 10 });
    const history = await storage().cohorts.history({ agent: parseAgentName("support"), before: 9999, limit: 10 });
    return [members[0]?.matured?.scores, history[0]?.scores];
  };
  const maturedMeasures = async () => {
    const members = await storage().cohorts.members({ rollout: ROLLOUT, step: 0, afterAssignment: 0, limit: 10 });
    return members[0]?.matured?.measures;
  };
  const aScoredSession = async () => {
    const { store } = storage();
    await store.appendTurns([
      aTurnRecord({ id: "a", kind: "assignment", rollout: ROLLOUT, step: 0 }),
      aTurnRecord({ id: "t", rollout: ROLLOUT, step: 0 }),
    ]);
    await store.appendSessions([aMaturedSession({ scores: { helpful: 1, kind: 0.5 }, endedAt: 1020 })]);
  };

  test("a score that comes after its session has matured counts like the others", async () => {
    await aScoredSession();
    await storage().store.appendScores([
      aScore({ id: "1", name: "correct", value: 0.25, at: 5000 }),
      aScore({ id: "2", name: "helpful", value: 0, at: 6000 }),
      aScore({ id: "3", session: parseSessionId("another"), name: "kind", value: 0, at: 6000 }),
    ]);
    const expected = { helpful: 0, kind: 0.5, correct: 0.25 };
    expect(await maturedScores()).toEqual([expected, expected]);
  });

  test("a late judgement brings its evaluator, and a late word on the outcome decides it", async () => {
    await aScoredSession();
    await storage().store.appendScores([
      aScore({ id: "1", name: "helpful", value: 0, at: 5000, evaluator: "judge", evaluatorVersion: "2" }),
      aScore({ id: "2", name: "outcome", value: 0, label: "failure", at: 6000 }),
    ]);
    expect(await maturedMeasures()).toMatchObject({ outcome: "failure", evaluators: { helpful: "judge@2" } });
  });

  test("a late score of what came after a move belongs to no arm", async () => {
    await aScoredSession();
    await storage().store.appendMoves([aMoveRecord({ at: 4000 })]);
    await storage().store.appendScores([aScore({ id: "1", name: "correct", value: 0, at: 5000 })]);
    const expected = { helpful: 1, kind: 0.5 };
    expect(await maturedScores()).toEqual([expected, expected]);
  });

  test("scores are found by session and id, each once, and others are not", async () => {
    const { store } = storage();
    const [mine, theirs] = [parseSessionId("it's;one"), parseSessionId("session-2")];
    const kept = aScore({ id: 'a "b', session: mine, value: 0.1, label: "\\", evaluator: "judge", at: 2000.5 });
    const others = [aScore({ id: "c", session: mine }), aScore({ id: 'a "b', session: theirs })];
    await store.appendScores([kept, ...others]);
    await store.appendScores([kept]);
    expect(await store.scoresNamed([kept, { session: theirs, id: "c" }])).toEqual([kept]);
    expect(await store.scoresNamed([])).toEqual([]);
    const unknown = Array.from({ length: 1200 }, (_, index) => ({ session: mine, id: `unknown-${index}` }));
    expect(await store.scoresNamed([...unknown, kept])).toEqual([kept]);
  });

  test("the first post under a key keeps it, whoever sends how often at once", async () => {
    const { store } = storage();
    const claims = [CLAIM, { ...CLAIM, fingerprint: "f-2", receivedAt: 2000 }, CLAIM];
    expect(await Promise.all(claims.map((claim) => store.claimScoreBatch(claim)))).toEqual([CLAIM, CLAIM, CLAIM]);
    expect(await store.claimScoreBatch({ ...CLAIM, receivedAt: 3000 })).toEqual(CLAIM);
  });

  test("two senders may use the same key, and a sender many", async () => {
    const { store } = storage();
    const others = [
      { ...CLAIM, sender: "", fingerprint: "f-2" },
      { ...CLAIM, key: "two", fingerprint: "f-3" },
    ];
    await store.claimScoreBatch(CLAIM);
    for (const other of others) expect(await store.claimScoreBatch(other)).toEqual(other);
  });
}
