import { driftSchema, type GateView, type RolloutView } from "@perch/api";
import { expect, test } from "vitest";
import { CliError } from "../cli-error.ts";
import { describeLedger, describeRollout, describeRollouts, describeStep } from "./describe-rollout.ts";
import { watchRollout } from "./watch-rollout.ts";

const ARM = { sessions: 0, matured: 0, turns: 0, meanTurns: null, meanSentiment: null, meanToolCalls: null };

function aGate(overrides: Partial<GateView> = {}): GateView {
  return {
    name: "escalation-rate",
    kind: "proportion",
    of: "escalation-rate",
    role: "guardrail",
    objective: null,
    margin: 0.04,
    isMarginRelative: false,
    design: null,
    values: null,
    findings: [],
    segments: [],
    landmark: null,
    promise: null,
    verdict: "inconclusive",
    explanation: "needs about 60 more canary sessions",
    baseline: { sessions: 0, bad: 0, rate: null },
    canary: { sessions: 0, bad: 0, rate: null },
    alpha: 0.004,
    logE: 0,
    rejectAtLogE: 5,
    fastPathAtLogE: 6,
    brokenWindows: 0,
    cleanWindows: 0,
    oddsRatio: { low: 0, high: 1 },
    difference: { low: 0, high: 1 },
    probabilityWorse: 0.5,
    nonInferiority: {
      referenceRate: null,
      marginOddsRatio: null,
      logE: 0,
      acceptAtLogE: 5,
      upperOddsRatio: null,
      isMet: false,
    },
    moreCanarySessions: 60,
    history: [],
    ...overrides,
  };
}

function aRollout(overrides: Partial<RolloutView> = {}): RolloutView {
  return {
    id: "support-2-3-1",
    name: "support-2-3-1",
    agent: "support",
    phase: "Baking",
    reason: "",
    phaseSince: 0,
    pausedBy: null,
    announcement: null,
    appliedAt: Date.parse("2026-01-02T03:04:05Z"),
    endedAt: null,
    baseline: { digest: "d0", version: "2.3.0" },
    canary: { digest: "d1", version: "2.3.1" },
    mirror: null,
    harmBudget: null,
    afterPromotion: null,
    steps: [
      { weightBp: 500, label: "5 %" },
      { weightBp: 2_500, label: "25 %" },
    ],
    step: 0,
    weightBp: 500,
    windowMs: 2_000,
    gates: [aGate()],
    culprits: [],
    rejectedGates: [],
    sampleRatio: { logE: 0, alarmAtLogE: 7, isMismatch: false },
    waitingFor: [],
    arms: { baseline: { ...ARM, sessions: 190 }, canary: { ...ARM, sessions: 10 } },
    switchedSessions: 0,
    canarySessionsExposed: 0,
    canarySessionsAtDecision: null,
    evidenceAtDecision: null,
    drift: driftSchema.parse({ target: 0.05, newSessions: null, liveSessions: null, turns: null }),
    propagation: null,
    timeline: [],
    isSynthetic: false,
    ...overrides,
  };
}

test("a rollout is described by its phase, its sessions, and each gate with its evidence", () => {
  expect(describeRollout(aRollout())).toBe(
    [
      "support-2-3-1  support  2.3.0 → 2.3.1",
      "Baking        5 %  step 1 of 2",
      "sessions      baseline 190, canary 10",
      "  escalation-rate  inconclusive  – → –  needs about 60 more canary sessions",
    ].join("\n"),
  );
});

test("a harm budget says what it affords by now, and from what that follows", () => {
  const harmBudget = { budget: 25, horizonWindows: 12, sessionsPerWindow: 99.6, upperExcess: 0.2, affordableBp: 1000 };
  expect(describeRollout(aRollout({ harmBudget }))).toContain(
    "harm budget   25 excess bad sessions over 12 windows: affords 10 % (100 sessions a window, up to 20 points worse not excluded)",
  );
});

test("a rollback is described with its cause and how fast the gateways had it", () => {
  const gateways = [{ gateway: "g1", ackedAt: 1_030, fenced: false }];
  const text = describeRollout(
    aRollout({
      phase: "RolledBack",
      reason: "escalation-rate rejected",
      step: null,
      weightBp: 0,
      culprits: ["escalation-rate"],
      gates: [aGate({ verdict: "fail", canary: { sessions: 100, bad: 22, rate: 0.22 } })],
      propagation: {
        revision: { epoch: 1, sequence: 4 },
        decidedAt: 1_000,
        firstAckAt: 1_030,
        lastAckAt: 1_030,
        gateways,
      },
    }),
  );
  expect(text).toContain("RolledBack    0 %  escalation-rate rejected");
  expect(text).toContain("fail          – → 22.0 %");
  expect(text).toContain("because of    escalation-rate");
  expect(text).toContain("all had the last decision after 30 ms");
});

test("the canary's shares stand side by side with what they are made of, and since when", () => {
  const of = (canary: number, all: number) => ({ canary, baseline: all - canary, all });
  const counts = { newSessions: of(12, 229), liveSessions: of(0, 0), turns: of(40, 800) };
  const drift = { target: 0.05, newSessions: 12 / 229, liveSessions: null, turns: 0.05, since: 0, counts };
  expect(describeRollout(aRollout({ drift: { ...drift, liveBy: "pins" } }))).toContain(
    [
      "share         of 2.3.1: weight 5 % | new sessions 5.2 % (12 of 229) | live now – | turns 5 % (40 of 800)",
      "              (new sessions and turns since 1970-01-01T00:00:00.000Z, live by pins)",
    ].join("\n"),
  );
});

test("after a promotion it says how much is still on the old release", () => {
  const of = (canary: number, all: number) => ({ canary, baseline: all - canary, all });
  const counts = { newSessions: of(9, 9), liveSessions: of(188, 200), turns: of(9, 12) };
  const drift = {
    target: 1,
    newSessions: 1,
    liveSessions: 0.94,
    turns: 0.75,
    since: 0,
    counts,
    liveBy: "pins" as const,
  };
  expect(describeRollout(aRollout({ phase: "Succeeded", weightBp: 10_000, step: null, drift }))).toContain(
    "still on      2.3.0: live now 6 % (12 of 200) | turns 25 % (3 of 12)",
  );
});

test("gateways that have not answered yet are named; a fenced one is not waited for", () => {
  const gateways = [
    { gateway: "g1", ackedAt: null, fenced: false },
    { gateway: "g2", ackedAt: null, fenced: true },
  ];
  const propagation = {
    revision: { epoch: 1, sequence: 4 },
    decidedAt: 1,
    firstAckAt: null,
    lastAckAt: null,
    gateways,
  };
  expect(describeRollout(aRollout({ propagation }))).toContain("gateways      waiting for g1\n".trim());
});

test("lists are one line each, and an empty one says what to do", () => {
  expect(describeRollouts([])).toContain("perch rollout start");
  expect(describeRollouts([aRollout()])).toBe(
    "2026-01-02T03:04:05.000Z  support-2-3-1  support 2.3.0 → 2.3.1  Baking        5 %  step 1 of 2",
  );
  const entry = {
    sequence: 7,
    at: 0,
    subject: "r",
    type: "applied",
    body: {},
    previousHash: "",
    hash: "0123456789abcdef",
  };
  expect(describeLedger([entry])).toBe("    7  1970-01-01T00:00:00.000Z  applied                   0123456789ab…");
});

async function watched(streams: readonly (() => AsyncGenerator<RolloutView>)[]): Promise<readonly string[]> {
  const left = [...streams];
  const client = { watchRollout: () => left.shift()?.() ?? failing("server_unreachable")() };
  const seen: string[] = [];
  for await (const rollout of watchRollout(client, "r", 0)) seen.push(describeStep(rollout).split(" ")[0] ?? "");
  return seen;
}

function streaming(...phases: RolloutView["phase"][]): () => AsyncGenerator<RolloutView> {
  return async function* () {
    for (const phase of phases) yield aRollout({ phase });
  };
}

function failing(code: "server_unreachable" | "request_refused"): () => AsyncGenerator<RolloutView> {
  // oxlint-disable-next-line require-yield -- a stream that fails before its first event
  return async function* () {
    throw new CliError({ code, message: code, hint: "" });
  };
}

test("watching ends with the rollout, even when the server keeps the stream open", async () => {
  expect(await watched([streaming("Baking", "RollingBack", "RolledBack", "RolledBack")])).toEqual([
    "Baking",
    "RollingBack",
    "RolledBack",
  ]);
});

test("watching goes on when the server restarts", async () => {
  const streams = [streaming("Baking"), failing("server_unreachable"), streaming("Baking", "Succeeded")];
  expect(await watched(streams)).toEqual(["Baking", "Baking", "Succeeded"]);
});

test("watching gives up on a server that does not come back, and at once on a refusal", async () => {
  await expect(watched([])).rejects.toMatchObject({ code: "server_unreachable" });
  await expect(watched([failing("request_refused"), streaming("Succeeded")])).rejects.toMatchObject({
    code: "request_refused",
  });
});

test("while a promotion bakes it says which objectives watch, which gates do not and why, and what was found", () => {
  const promise = {
    kind: "rate",
    sessions: 340,
    found: 0.09,
    bound: 0.12,
    sentence: "9 % bad since the promotion (340 sessions), promised at most 12 %",
  } as const;
  const afterPromotion = {
    until: Date.parse("2026-01-02T04:00:00Z"),
    watching: ["escalation-rate"],
    silent: [{ gate: "tool-use", because: "a difference of tool use has nothing to differ from then" }],
  };
  const promoted = aRollout({ phase: "Succeeded", afterPromotion, gates: [aGate({ promise })] });
  const text = describeRollout(promoted);
  expect(text).toContain("bakes         until 2026-01-02T04:00:00.000Z, by the objective of escalation-rate");
  expect(text).toContain("tool-use judges no new session: a difference of tool use");
  expect(text).toContain(promise.sentence);
  expect(describeRollout({ ...promoted, afterPromotion: { ...afterPromotion, until: null } })).not.toContain("bakes");
  expect(describeRollout({ ...promoted, phase: "Baking" })).not.toContain("bakes");
});

test("of sessions that are judged at an age, both arms' rates are told with the odds at which they reject", () => {
  const arm = (bad: number) => ({ sessions: 40, bad, rate: bad / 40 });
  const landmark = {
    ageMs: 1_800_000,
    baseline: arm(6),
    canary: arm(10),
    logE: Math.log(30),
    rejectAtLogE: Math.log(200),
  };
  expect(describeRollout(aRollout({ gates: [aGate({ landmark })] }))).toContain(
    "bad or not over after 30 min: 15.0 % → 25.0 % of 40 canary sessions (1:30 of 1:200)",
  );
  const ofOld = { ...landmark, ageMs: 40_000, rejectAtLogE: null };
  expect(describeRollout(aRollout({ gates: [aGate({ landmark: ofOld })] }))).toContain("after 40 s: 15.0 % → 25.0 %");
});
