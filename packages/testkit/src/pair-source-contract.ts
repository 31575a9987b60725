import {
  parseAgentName,
  parseRolloutId,
  parseSessionId,
  type CohortSource,
  type PairSource,
  type SessionSource,
  type TraceStore,
} from "@perch/domain";
import { expect, test } from "vitest";
import { aShadowTurn, aTurnRecord } from "./routing-builders.ts";

type Storage = {
  readonly store: TraceStore;
  readonly cohorts: CohortSource;
  readonly sessions: SessionSource;
  readonly pairs: PairSource;
};

const ROLLOUT = parseRolloutId("support-2-3-1");
const [FIRST, SECOND, THIRD] = [1, 2, 3].map((number) => parseSessionId(`session-${number}`));

/** What every source of pairs promises of what was written to its store. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function describePairSource(storage: () => Storage): void {
  test("a mirrored session comes back with both sides, whatever nulls they hold", async () => {
    const { store, pairs } = storage();
    const turn = aTurnRecord();
    const answered = aShadowTurn({ id: "1" });
    const dropped = aShadowTurn({
      id: "2",
      pairedStartedAt: 2000.5,
      outcome: "dropped",
      reason: "queue_full",
      status: 0,
      firstByteMs: null,
    });
    await store.appendTurns([turn]);
    await store.appendShadowTurns([answered, dropped]);
    await store.appendShadowTurns([answered]);
    const page = await pairs.pairs({ rollout: ROLLOUT, before: null, limit: 10 });
    expect(page).toEqual([{ session: turn.session, baseline: [turn], shadow: [answered, dropped] }]);
  });

  test("sessions come newest first, page by page, and only those of the rollout and the agent", async () => {
    const { store, pairs } = storage();
    const of = (session = FIRST, at = 1000) =>
      aShadowTurn({ id: `of ${session}`, ...named(session), pairedStartedAt: at });
    await store.appendShadowTurns([of(FIRST, 1000), of(SECOND, 3000), of(THIRD, 3000)]);
    await store.appendShadowTurns([aShadowTurn({ id: "other", rollout: parseRolloutId("other") })]);
    await store.appendTurns([aTurnRecord({ agent: parseAgentName("sales") })]);
    const first = await pairs.pairs({ rollout: ROLLOUT, before: null, limit: 2 });
    expect(first.map(({ session }) => session)).toEqual([THIRD, SECOND]);
    const second = await pairs.pairs({ rollout: ROLLOUT, before: { at: 3000, session: SECOND ?? "" }, limit: 2 });
    expect(second).toMatchObject([{ session: FIRST, baseline: [] }]);
  });

  test("what was sent is counted once, and what was not sent is not", async () => {
    const { store, pairs } = storage();
    expect(await pairs.spent(ROLLOUT)).toEqual({ sessions: 0, turns: 0, requestBytes: 0 });
    const failed = aShadowTurn({ id: "2", outcome: "failed", reason: "timeout", requestBytes: 5 });
    const dropped = aShadowTurn({ id: "3", outcome: "dropped", reason: "websocket", ...named(SECOND) });
    await store.appendShadowTurns([aShadowTurn({ id: "1" }), failed, dropped]);
    await store.appendShadowTurns([failed]);
    expect(await pairs.spent(ROLLOUT)).toEqual({ sessions: 1, turns: 2, requestBytes: 15 });
  });

  test("no page, gate or assembly takes what was mirrored for a turn of a user", async () => {
    const { store, cohorts, sessions } = storage();
    await store.appendShadowTurns([aShadowTurn()]);
    expect(await store.openSessions(0)).toEqual([]);
    expect((await store.evidenceOf([aShadowTurn()]))[0]?.turns).toEqual([]);
    expect(await cohorts.members({ rollout: ROLLOUT, step: 0, afterAssignment: 0, limit: 10 })).toEqual([]);
    expect(await cohorts.assigned({ rollout: ROLLOUT, step: 0 })).toEqual({ baseline: 0, canary: 0 });
    const { baseline, canary } = await sessions.armSummaries(ROLLOUT);
    expect([baseline.sessions, baseline.turns, canary.sessions, canary.turns]).toEqual([0, 0, 0, 0]);
    await store.appendTurns([aTurnRecord({ rollout: ROLLOUT, step: 0 })]);
    expect(await sessions.switchedSessions(ROLLOUT)).toBe(0);
  });
}

function named(session: typeof FIRST) {
  return session === undefined ? {} : { session };
}
