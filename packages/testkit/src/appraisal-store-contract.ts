import { parseAgentName, parseSessionId, type Appraisal, type AppraisalStore, type SpokenWords } from "@perch/domain";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aScore } from "./telemetry-builders.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

/** What every store of appraisals promises. `reopen` gives what another process would find after this one died. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function describeAppraisalStore(
  create: () => AppraisalStore,
  reopen: (store: AppraisalStore) => AppraisalStore,
): void {
  let store: AppraisalStore;
  beforeEach(() => {
    store = create();
  });
  afterEach(() => store.close());
  const atRestart = (): AppraisalStore => (store = reopen(store));

  test("words come back by their trace until they are forgotten; those that come again take the place of the earlier", () => {
    store.keepWords([words(), words({ spanId: "b", user: null, answer: "it's ; fine" })], 100);
    store.keepWords([words({ user: "again" }), words({ traceId: "other" })], 200);
    const kept = [words({ user: "again" }), words({ spanId: "b", user: null, answer: "it's ; fine" })];
    expect(atRestart().wordsOf([TRACE])).toEqual(kept);
    store.forgetWords([TRACE]);
    expect(store.wordsOf([TRACE, "other"])).toEqual([words({ traceId: "other" })]);
  });

  test("an appraisal is taken up once, and waits from its first day on", () => {
    store.add(appraisal());
    store.add(appraisal({ dueAt: 999, attempts: 7 }));
    expect(atRestart().waiting()).toEqual([appraisal()]);
    expect([store.stateOf("a"), store.stateOf("unknown")]).toEqual(["waiting", null]);
  });

  test("those that wait come in the order in which they were due", () => {
    for (const dueAt of [300, 100, 200]) store.add(appraisal({ id: `at-${dueAt}`, dueAt }));
    expect(store.waiting().map(({ dueAt }) => dueAt)).toEqual([100, 200, 300]);
  });

  test("an attempt is counted before it is made, and so is its price", () => {
    store.add(appraisal());
    store.beginAttempt("a", { at: 1000, nextAt: 5000, usd: 0.5 });
    expect(atRestart().waiting()).toEqual([appraisal({ attempts: 1, nextAt: 5000 })]);
    expect(store.spent("judge", 1000)).toEqual({ calls: 1, usd: 0.5 });
    expect([store.spent("judge", 1001), store.spent("another", 0)]).toEqual([
      { calls: 0, usd: 0 },
      { calls: 0, usd: 0 },
    ]);
  });

  test("what a call really cost takes the place of what was set aside, for the last attempt only", () => {
    store.add(appraisal());
    for (const at of [1000, 2000]) store.beginAttempt("a", { at, nextAt: 5000, usd: 0.5 });
    store.correctCost("a", 0.125);
    expect(store.spent("judge", 0)).toEqual({ calls: 2, usd: 0.625 });
  });

  test("what the scorer has said is kept until it is delivered, and is not asked for again", () => {
    const scores = [aScore({ id: "1", value: -0.25, label: "it's ; so", evaluator: "judge", evaluatorVersion: "1" })];
    store.add(appraisal());
    store.answer("a", scores, 2000);
    const kept = { id: "a", key: { agent: parseAgentName("support"), session: parseSessionId("s-1") }, scores };
    expect([atRestart().answered(), store.waiting(), store.stateOf("a")]).toEqual([[kept], [], "answered"]);
    store.settle("a", "scored", 3000);
    expect([store.answered(), store.stateOf("a")]).toEqual([[], "settled"]);
  });

  test("a postponed one waits on, and a settled one is counted by what became of it", () => {
    for (const id of ["a", "b", "c"]) store.add(appraisal({ id }));
    store.postpone("a", 9000);
    store.settle("b", "budget", 2000);
    store.settle("c", "scored", 2000);
    store.add(appraisal({ id: "d", scorer: "another" }));
    expect(store.waiting().find(({ id }) => id === "a")).toEqual(appraisal({ nextAt: 9000 }));
    expect(atRestart().outcomes()).toEqual(
      new Map([
        ["judge", { waiting: 1, budget: 1, scored: 1 }],
        ["another", { waiting: 1 }],
      ]),
    );
  });

  test("forgets old words, calls and what was settled long ago; never what still waits", () => {
    store.keepWords([words()], 100);
    for (const id of ["a", "b"]) store.add(appraisal({ id }));
    store.beginAttempt("a", { at: 100, nextAt: 100, usd: 1 });
    store.settle("b", "scored", 100);
    store.forgetBefore({ words: 101, calls: 101, appraisals: 101 });
    expect([store.wordsOf([TRACE]), store.spent("judge", 0).calls, store.stateOf("b"), store.stateOf("a")]).toEqual([
      [],
      0,
      null,
      "waiting",
    ]);
  });
}

function words(change: Partial<SpokenWords> = {}): SpokenWords {
  return { traceId: TRACE, spanId: "a", startedAt: 1.25, endedAt: 2.5, user: "hello", answer: null, ...change };
}

function appraisal(change: Partial<Appraisal> = {}): Appraisal {
  return {
    id: "a",
    agent: parseAgentName("support"),
    session: parseSessionId("s-1"),
    scorer: "judge",
    version: "1",
    dueAt: 100,
    attempts: 0,
    nextAt: 100,
    ...change,
  };
}
