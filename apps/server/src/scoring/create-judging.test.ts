import { createMemoryAppraisalStore, createMemoryTraceStore } from "@perch/adapters/in-memory";
import {
  parseAgentName,
  parseSessionId,
  type Arm,
  type RawSpan,
  type ScorerAnswer,
  type ScorerSubject,
  type SessionKey,
} from "@perch/domain";
import { aRawSpanWith, aTurnRecord } from "@perch/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import type { ConfiguredScorer } from "./configured-scorer.ts";
import { createJudging, type JudgingDeps } from "./create-judging.ts";

const GOOD: ScorerAnswer = { kind: "scored", scores: [{ name: "helpful", value: 0.75, label: null }], costUsd: null };
const BUSY: ScorerAnswer = { kind: "unable", because: "answered 503", retryAfterMs: null };

let now: number;
let asked: ScorerSubject[];
let answers: (ScorerAnswer | Promise<ScorerAnswer>)[];
let logged: string[];
let deps: JudgingDeps;

beforeEach(() => {
  now = 1000;
  asked = [];
  answers = [];
  logged = [];
  const note = (message: string, fields?: object) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  deps = {
    scorers: [aScorer()],
    store: createMemoryAppraisalStore(),
    traces: createMemoryTraceStore().store,
    now: () => now,
    log: { info: note, warn: note, error: note },
  };
});

function aScorer(change: Partial<ConfiguredScorer> = {}): ConfiguredScorer {
  return {
    scorer: {
      name: "judge",
      version: "1",
      async score(subject) {
        asked.push(subject);
        return await (answers.shift() ?? GOOD);
      },
    },
    agents: null,
    samplePercent: 100,
    sendsWords: false,
    limits: { attempts: 3, giveUpAfterMs: 60_000, timeoutMs: 5000 },
    concurrency: 2,
    queue: 100,
    budget: { callsPerHour: null, callsPerDay: null, usdPerHour: null, usdPerDay: null, usdPerCall: 0 },
    ...change,
  };
}

async function aSession(id: string, arm: Arm = "baseline"): Promise<SessionKey> {
  const key = { agent: parseAgentName("support"), session: parseSessionId(id) };
  const { traces } = deps;
  const store = traces as typeof traces & Pick<ReturnType<typeof createMemoryTraceStore>["store"], "appendTurns">;
  await store.appendTurns([aTurnRecord({ ...key, id: `turn-${id}`, arm, traceId: traceOf(id) })]);
  return key;
}

function traceOf(id: string): string {
  return Buffer.from(id).toString("hex").padStart(32, "0");
}

async function scoresOf(key: SessionKey) {
  const [evidence] = await deps.traces.evidenceOf([key]);
  return (evidence?.scores ?? []).map(({ name, value, evaluator, evaluatorVersion }) => ({
    name,
    value,
    evaluator,
    evaluatorVersion,
  }));
}

test("a session waits until it is judged, and has the score when it goes on", async () => {
  const judging = createJudging(deps);
  const key = await aSession("s-1");
  expect(judging.awaits(key)).toBe(true);
  judging.turn();
  await judging.settle();
  expect(judging.awaits(key)).toBe(false);
  expect(await scoresOf(key)).toEqual([{ name: "helpful", value: 0.75, evaluator: "judge", evaluatorVersion: "1" }]);
});

test("the scorer cannot tell arms apart, and gets the same share of both", async () => {
  deps = { ...deps, scorers: [aScorer({ samplePercent: 50 })] };
  const judging = createJudging(deps);
  const sampled: Record<Arm, number> = { baseline: 0, canary: 0 };
  for (let index = 0; index < 400; index += 1) {
    const arm = index % 2 === 0 ? "baseline" : "canary";
    if (judging.awaits(await aSession(`s-${index}`, arm))) sampled[arm] += 1;
  }
  expect(Math.abs(sampled.baseline - sampled.canary)).toBeLessThan(40);
  judging.turn();
  await judging.settle();
  expect(JSON.stringify(asked)).not.toMatch(/baseline|canary|release|rollout/);
});

test("a judge that is busy is asked again later, then given up, and the session goes on without a score", async () => {
  answers = [BUSY, BUSY, BUSY, BUSY];
  const judging = createJudging(deps);
  const key = await aSession("s-1");
  for (let count = 0; count < 20; count += 1) {
    judging.awaits(key);
    judging.turn();
    await judging.settle();
    now += 1000;
  }
  expect(asked).toHaveLength(3);
  expect(judging.awaits(key)).toBe(false);
  expect(judging.view().scorers).toMatchObject([{ waiting: 0, scored: 0, unscored: { gave_up: 1 } }]);
  expect(logged.filter((line) => line.includes("answered 503"))).toHaveLength(1);
});

test("a judge that never answers holds a session for no longer than the file says", async () => {
  answers = [new Promise(() => undefined)];
  deps = { ...deps, scorers: [aScorer({ concurrency: 1 })] };
  const judging = createJudging(deps);
  const [stuck, next] = [await aSession("s-1"), await aSession("s-2")];
  for (const key of [stuck, next]) judging.awaits(key);
  judging.turn();
  now += 60_000;
  judging.turn();
  expect(judging.awaits(next)).toBe(false);
});

test("a score that could not be stored is stored later, and the judge is not asked for it again", async () => {
  const key = await aSession("s-1");
  let failures = 2;
  const appendScores: JudgingDeps["traces"]["appendScores"] = async (scores) => {
    if (failures-- > 0) throw new Error("disk full");
    await deps.traces.appendScores(scores);
  };
  const judging = createJudging({ ...deps, traces: { ...deps.traces, appendScores } });
  for (let count = 0; count < 6; count += 1) {
    judging.awaits(key);
    judging.turn();
    await judging.settle();
    now += 10_000;
  }
  expect([asked.length, (await scoresOf(key)).length, judging.awaits(key)]).toEqual([1, 1, false]);
});

describe("after the process died", () => {
  test("whoever waited is judged by the next one, with the same id, and attempts are not forgotten", async () => {
    answers = [new Promise(() => undefined)];
    const key = await aSession("s-1");
    const before = createJudging(deps);
    before.awaits(key);
    before.turn();
    await new Promise(setImmediate);
    const after = createJudging(deps);
    expect(after.awaits(key)).toBe(true);
    after.turn();
    await after.settle();
    // The call that was under way may still be going on at the judge.
    expect(asked).toHaveLength(1);
    now += 5000;
    after.turn();
    await after.settle();
    expect(asked.map(({ id }) => id)).toEqual([asked[0]?.id, asked[0]?.id]);
    expect(await scoresOf(key)).toHaveLength(1);
  });

  test("what the judge had said is delivered, and nobody is asked again", async () => {
    const key = await aSession("s-1");
    let isBroken = true;
    const appendScores: JudgingDeps["traces"]["appendScores"] = async (scores) => {
      if (isBroken) throw new Error("disk full");
      await deps.traces.appendScores(scores);
    };
    const broken = createJudging({ ...deps, traces: { ...deps.traces, appendScores } });
    broken.awaits(key);
    broken.turn();
    await broken.settle();
    isBroken = false;
    const after = createJudging(deps);
    expect(after.awaits(key)).toBe(true);
    after.turn();
    await after.settle();
    expect([asked.length, (await scoresOf(key)).length, after.awaits(key)]).toEqual([1, 1, false]);
  });

  test("what was judged is not judged again, and a budget that is used up stays so", async () => {
    const budget = { ...aScorer().budget, callsPerHour: 1 };
    deps = { ...deps, scorers: [aScorer({ budget })] };
    const [one, two] = [await aSession("s-1"), await aSession("s-2")];
    for (const key of [one, two]) {
      const judging = createJudging(deps);
      judging.awaits(key);
      judging.turn();
      await judging.settle();
    }
    const last = createJudging(deps);
    expect([last.awaits(one), last.awaits(two)]).toEqual([false, false]);
    expect(asked).toHaveLength(1);
    expect(last.view().scorers).toMatchObject([{ scored: 1, unscored: { budget: 1 }, lastHour: { calls: 1 } }]);
  });

  test("a scorer that is in the file no more holds nobody", async () => {
    const key = await aSession("s-1");
    createJudging(deps).awaits(key);
    const scorer = { ...aScorer().scorer, version: "2" };
    const after = createJudging({ ...deps, scorers: [aScorer({ scorer, samplePercent: 1e-9 })] });
    expect(after.awaits(key)).toBe(false);
  });
});

test("no more calls are under way than the file says, and no more sessions wait", async () => {
  answers = Array.from({ length: 10 }, () => new Promise<ScorerAnswer>(() => undefined));
  deps = { ...deps, scorers: [aScorer({ queue: 3 })] };
  const judging = createJudging(deps);
  const held: boolean[] = [];
  for (let index = 0; index < 5; index += 1) held.push(judging.awaits(await aSession(`s-${index}`)));
  for (let count = 0; count < 3; count += 1) {
    judging.turn();
    await new Promise(setImmediate);
  }
  expect(asked).toHaveLength(2);
  expect(held).toEqual([true, true, true, false, false]);
  expect(judging.view().scorers).toMatchObject([{ waiting: 3, unscored: { queue_full: 2 } }]);
});

test("calls under way at once cannot share the last of a budget, and what a call cost counts", async () => {
  const budget = { ...aScorer().budget, usdPerHour: 1, usdPerCall: 0.6 };
  deps = { ...deps, scorers: [aScorer({ budget })] };
  answers = [{ ...GOOD, costUsd: 0.01 }];
  const judging = createJudging(deps);
  for (const id of ["s-1", "s-2"]) judging.awaits(await aSession(id));
  judging.turn();
  await judging.settle();
  expect(asked).toHaveLength(1);
  expect(judging.view().scorers).toMatchObject([{ lastHour: { calls: 1, usd: 0.01 }, unscored: { budget: 1 } }]);
});

describe("what was said", () => {
  const spanOf = (id: string, attributes: Record<string, string> = {}): RawSpan =>
    aRawSpanWith(
      { "ai.prompt": '{"prompt":"Where is my order?"}', "ai.response.text": "On its way.", ...attributes },
      { traceId: traceOf(id) },
    );

  test("is sent where the file says so, and forgotten when the session is judged", async () => {
    deps = { ...deps, scorers: [aScorer({ sendsWords: true })] };
    const judging = createJudging(deps);
    const key = await aSession("s-1");
    judging.noteSpans([spanOf("s-1")]);
    judging.awaits(key);
    judging.turn();
    await judging.settle();
    expect(asked[0]?.turns).toMatchObject([{ user: "Where is my order?", answer: "On its way." }]);
    expect(deps.store.wordsOf([traceOf("s-1")])).toEqual([]);
    expect(logged.join()).not.toContain("order");
  });

  test("is kept for nobody else: not without such a scorer, nor of other sessions, nor of shadows", () => {
    createJudging(deps).noteSpans([spanOf("s-1")]);
    deps = { ...deps, scorers: [aScorer({ sendsWords: true, agents: new Set(["sales"]) })] };
    const judging = createJudging(deps);
    const own = { "perch.agent": "support", "perch.session.id": "s-2" };
    judging.noteSpans([spanOf("s-2", own), spanOf("s-3", { "perch.arm": "shadow" }), spanOf("s-4")]);
    judging.noteTurns([aTurnRecord({ traceId: traceOf("s-4") })]);
    expect(deps.store.wordsOf(["s-1", "s-2", "s-3", "s-4"].map(traceOf))).toEqual([]);
  });

  test("a session without words is not sent to a judge of words", async () => {
    deps = { ...deps, scorers: [aScorer({ sendsWords: true })] };
    const judging = createJudging(deps);
    const key = await aSession("s-1");
    judging.awaits(key);
    judging.turn();
    await judging.settle();
    expect([asked.length, judging.awaits(key)]).toEqual([0, false]);
    expect(judging.view().scorers).toMatchObject([{ unscored: { nothing_to_judge: 1 } }]);
  });
});
