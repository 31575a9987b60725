import { anAppliedEvent, aRolloutPlan } from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advance, startRollout } from "./advance.ts";
import type { AppliedEvent, Condition, JudgementSummary, Phase, Rollout, RolloutEvent } from "./rollout.ts";
import { canaryWeightBp } from "./weight.ts";

type Change = {
  readonly analysis?: object;
  readonly rollback?: object;
  readonly promotion?: object;
  readonly gate?: object;
};

function planOf({ analysis, rollback, promotion, gate }: Change): AppliedEvent["plan"] {
  return aRolloutPlan({
    steps: [
      { setWeight: 5, pause: { duration: "1h" } },
      { setWeight: 25, pause: { duration: "1h" } },
    ],
    analysis: { gates: [{ name: "escalation-rate", kind: "proportion", ...gate }], ...analysis },
    rollback,
    promotion,
  });
}

const HOUR = 3_600_000;
const PLAN = planOf({});

function aRollout(phase: Phase, plan: AppliedEvent["plan"] = PLAN): Rollout {
  const rollout = startRollout(anAppliedEvent({ plan }));
  return { ...rollout, phase, phaseSince: 0 };
}

const baking = (step: number): Phase => ({ kind: "Baking", step, startedAt: 0 });
const PROMOTED: Phase = { kind: "Succeeded", rollbackUntil: 24 * HOUR };

const CLEAR: JudgementSummary = {
  step: 0,
  culprits: [],
  pausing: [],
  canAdvance: false,
  isSampleRatioMismatch: false,
  waitingFor: [],
  logE: {},
};

function judged(change: Partial<JudgementSummary>, at: number, throughSequence = at): RolloutEvent {
  const assigned = { baseline: 190, canary: 10 };
  const spans = { openedAt: 0, closedAt: 0, unresolved: 0, baselineSessions: 10, canarySessions: 2 };
  const block = { step: change.step ?? 0, throughSequence, assigned, counts: {}, ...spans };
  return { type: "blockJudged", at, block, judgement: { ...CLEAR, ...change } };
}

const harm = (at: number): RolloutEvent => judged({ culprits: ["escalation-rate"] }, at);
const passed = (at: number): RolloutEvent => ({ type: "timePassed", at });
const asked = (type: "resumeRequested" | "undoRequested" | "rollbackRequested" | "abortRequested", at: number) =>
  ({ type, at, actor: "ada", reason: "" }) as const;
const condition = (name: Condition, isPresent: boolean, at: number): RolloutEvent => ({
  type: "conditionChanged",
  at,
  condition: name,
  isPresent,
  detail: isPresent ? `${name} began` : `${name} passed`,
});
const target = (isHealthy: boolean, at: number): RolloutEvent => ({
  type: "targetChecked",
  at,
  isHealthy,
  detail: isHealthy ? "" : "it refuses connections",
});
const tell = (rollout: Rollout, ...events: RolloutEvent[]): Rollout => events.reduce(advance, rollout);
const standing = ({ phase }: Rollout): string => (phase.kind === "Paused" ? phase.why : phase.kind);

describe("a condition", () => {
  test("holds the step at its weight, and lets it go on when it has passed", () => {
    for (const name of ["metricsOutage", "providerOutage", "noTraffic"] as const) {
      const held = tell(aRollout(baking(1)), condition(name, true, 5));
      expect([standing(held), canaryWeightBp(held), held.reason]).toEqual([name, 2500, `${name} began`]);
      expect(tell(held, condition(name, false, 6)).phase).toEqual(baking(1));
    }
  });

  test("keeps a step that the gates accept from being left", () => {
    const accepted = judged({ canAdvance: true }, 2 * HOUR);
    expect(standing(tell(aRollout(baking(0)), condition("metricsOutage", true, 5), accepted))).toBe("metricsOutage");
  });

  test("that begins on the way to the gateways holds once they have the weight", () => {
    const shifting = tell(aRollout({ kind: "Shifting", step: 0 }), condition("metricsOutage", true, 5));
    expect(standing(shifting)).toBe("Shifting");
    const propagation = { revision: { epoch: 1, sequence: 1 }, gateways: [] };
    const synced: RolloutEvent = { type: "synced", at: 6, of: { kind: "Shifting", since: 0 }, propagation };
    expect(standing(tell(shifting, synced, passed(7)))).toBe("metricsOutage");
  });

  test("that outlives another one keeps the rollout paused", () => {
    const both = tell(aRollout(baking(0)), condition("noTraffic", true, 5), condition("metricsOutage", true, 6));
    expect(standing(tell(both, condition("noTraffic", false, 7)))).toBe("metricsOutage");
  });

  test("of traffic does what the file says", () => {
    const on = (action: string) =>
      tell(aRollout(baking(0), planOf({ analysis: { noTraffic: { action } } })), condition("noTraffic", true, 5));
    expect([standing(on("hold")), standing(on("warn")), standing(on("rollback"))]).toEqual([
      "noTraffic",
      "Baking",
      "RollingBack",
    ]);
    expect(on("warn").timeline.at(-1)?.text).toBe("goes on although noTraffic began");
    expect(on("rollback").decision?.culprits).toEqual([]);
  });

  test("that a person has resumed from is not in the way until it is seen again", () => {
    const resumed = tell(aRollout(baking(0)), condition("noTraffic", true, 5), asked("resumeRequested", 6), passed(7));
    expect(standing(resumed)).toBe("Baking");
    expect(standing(tell(resumed, condition("noTraffic", true, 8)))).toBe("noTraffic");
  });
});

describe("a step without a verdict", () => {
  const after = (onInconclusive: string, step: number) => {
    const plan = planOf({ analysis: { maxHold: "12h", onInconclusive } });
    const early = tell(aRollout(baking(step), plan), passed(13 * HOUR - 1));
    expect(standing(early)).toBe("Baking");
    return tell(early, passed(13 * HOUR));
  };

  test("holds, goes on or goes back after maxHold, as the file says", () => {
    expect([standing(after("hold", 0)), standing(after("rollback", 0))]).toEqual(["inconclusive", "RollingBack"]);
    expect(after("proceed", 0).phase).toEqual({ kind: "Shifting", step: 1 });
    expect(after("rollback", 0).decision?.culprits).toEqual([]);
  });

  test("is never promoted without a person, even if the file says proceed", () => {
    const last = after("proceed", 1);
    expect([standing(last), canaryWeightBp(last)]).toEqual(["approval", 2500]);
    expect(standing(tell(last, asked("resumeRequested", 14 * HOUR)))).toBe("Promoting");
  });

  test("goes on from its hold when the gates come to one", () => {
    const held = after("hold", 0);
    const accepted = tell(held, judged({ canAdvance: true }, 14 * HOUR));
    expect(accepted.phase).toEqual({ kind: "Shifting", step: 1 });
  });

  test("begins its time anew after an outage, which is nobody's verdict", () => {
    const plan = planOf({ analysis: { maxHold: "12h", onInconclusive: "rollback" } });
    const away = tell(aRollout(baking(0), plan), condition("metricsOutage", true, 2 * HOUR), passed(20 * HOUR));
    expect(standing(away)).toBe("metricsOutage");
    const back = tell(away, condition("metricsOutage", false, 20 * HOUR));
    expect(standing(tell(back, passed(31 * HOUR)))).toBe("Baking");
    expect(standing(tell(back, passed(32 * HOUR)))).toBe("RollingBack");
  });
});

describe("an undo window", () => {
  const plan = planOf({ rollback: { undoWindow: "5m" } });
  const announced = tell(aRollout(baking(1), plan), harm(10));

  test("keeps new sessions from the canary at once, and rolls back when it has passed", () => {
    expect([standing(announced), canaryWeightBp(announced), announced.decision]).toEqual(["undoWindow", 0, null]);
    expect(announced.announcement?.executesAt).toBe(300_010);
    expect(tell(announced, passed(300_009), harm(300_009)).phase).toEqual(announced.phase);
    const back = tell(announced, passed(300_010));
    expect([standing(back), back.decision?.culprits]).toEqual(["RollingBack", ["escalation-rate"]]);
  });

  test("that is undone gives the step back, from its start, and the same gate is not heard again", () => {
    for (const type of ["undoRequested", "resumeRequested"] as const) {
      const undone = tell(announced, asked(type, 20));
      expect([undone.phase, undone.announcement]).toEqual([{ kind: "Shifting", step: 1 }, null]);
      expect(standing(tell(undone, passed(400_000), harm(400_001)))).toBe("Shifting");
    }
  });

  test("is over with whatever a person decides instead", () => {
    expect(standing(tell(announced, asked("rollbackRequested", 20)))).toBe("RollingBack");
    const aborted = tell(announced, asked("abortRequested", 20));
    expect([standing(aborted), aborted.announcement]).toEqual(["Aborting", null]);
    expect(tell(announced, { type: "pauseRequested", at: 20, actor: "ada", reason: "" })).toBe(announced);
  });

  test("holds after a promotion too, where everybody meets the canary until it has passed", () => {
    const promoted = tell(aRollout(PROMOTED, plan), harm(10));
    expect([standing(promoted), canaryWeightBp(promoted)]).toEqual(["Succeeded", 10_000]);
    expect(standing(tell(promoted, passed(300_010)))).toBe("RollingBack");
    const undone = tell(promoted, asked("undoRequested", 20), passed(300_010), harm(300_011));
    expect(standing(undone)).toBe("Succeeded");
  });
});

describe("a target that does not answer", () => {
  const unhealthy = tell(aRollout(baking(1)), target(false, 5));

  test("is sent nobody by a machine; what was decided is carried out when it answers again", () => {
    const held = tell(unhealthy, harm(10));
    expect([standing(held), canaryWeightBp(held), held.decision]).toEqual(["targetUnhealthy", 2500, null]);
    expect(held.reason).toContain("(it refuses connections)");
    expect(tell(held, passed(20), harm(21), passed(22)).phase).toEqual(held.phase);
    const back = tell(held, target(true, 30), passed(31));
    expect([standing(back), back.decision?.culprits]).toEqual(["RollingBack", ["escalation-rate"]]);
  });

  test("is sent sessions by a person who insists", () => {
    expect(standing(tell(unhealthy, asked("rollbackRequested", 10)))).toBe("targetUnhealthy");
    const forced = { ...asked("rollbackRequested", 10), force: true };
    expect(standing(tell(unhealthy, forced))).toBe("RollingBack");
  });

  test("does not take a promotion back either", () => {
    const held = tell(aRollout(PROMOTED), target(false, 5), harm(10), passed(20));
    expect([standing(held), held.timeline.filter(({ text }) => text.includes("it refuses")).length]).toEqual([
      "Succeeded",
      1,
    ]);
    expect(standing(tell(held, target(true, 30), passed(31)))).toBe("RollingBack");
  });
});

test("a gate that freezes stops the rollout where it stands, and a person goes on from it", () => {
  const frozen = tell(aRollout(baking(1), planOf({ gate: { onFail: "freeze" } })), harm(10));
  expect([standing(frozen), canaryWeightBp(frozen), frozen.decision]).toEqual(["frozen", 2500, null]);
  expect(tell(frozen, passed(24 * HOUR)).phase).toEqual(frozen.phase);
  expect(standing(tell(frozen, asked("resumeRequested", 20), harm(30)))).toBe("Baking");
});

test("a pause that freezes new sessions sets the weight to nothing, and its step begins anew", () => {
  const freeze = { type: "pauseRequested", at: 5, actor: "ada", reason: "", freezeNew: true } as const;
  const frozen = tell(aRollout(baking(1)), freeze);
  expect([standing(frozen), canaryWeightBp(frozen)]).toEqual(["manual", 0]);
  expect(tell(frozen, asked("resumeRequested", 6)).phase).toEqual({ kind: "Shifting", step: 1 });
  const paused = tell(aRollout(baking(1)), { ...freeze, freezeNew: false });
  expect([canaryWeightBp(paused), canaryWeightBp(tell(paused, freeze))]).toEqual([2500, 0]);
});

test("a promotion waits for a person where the file asks for one, and no other step does", () => {
  const plan = planOf({ promotion: { requiresApproval: true } });
  const first = tell(aRollout(baking(0), plan), judged({ canAdvance: true }, HOUR));
  expect(first.phase).toEqual({ kind: "Shifting", step: 1 });
  const last = tell(aRollout(baking(1), plan), judged({ step: 1, canAdvance: true }, HOUR));
  expect(standing(last)).toBe("approval");
  expect(standing(tell(last, asked("resumeRequested", HOUR)))).toBe("Promoting");
});

test("harm takes a promotion back by itself while it bakes, and a person does within the window", () => {
  const plan = planOf({ promotion: { bakeTime: "1h" }, rollback: { window: { duration: "24h" } } });
  const promoted = aRollout(PROMOTED, plan);
  expect([standing(tell(promoted, harm(HOUR - 1))), standing(tell(promoted, harm(HOUR)))]).toEqual([
    "RollingBack",
    "Succeeded",
  ]);
  expect(standing(tell(promoted, asked("rollbackRequested", 23 * HOUR)))).toBe("RollingBack");
});

/** A block of sessions that began after the promotion. */
function alone(at: number, change: Partial<JudgementSummary> = {}): RolloutEvent {
  const event = judged({ culprits: ["escalation-rate"], ...change }, at);
  return event.type === "blockJudged" ? { ...event, block: { ...event.block, step: 2 } } : event;
}

describe("a promise that is broken after the promotion", () => {
  const gate = { objective: { max: 0.12 } };

  test("takes the release back while the promotion bakes, blamed and with its evidence, and not later", () => {
    const promoted = aRollout(PROMOTED, planOf({ gate }));
    const taken = tell(promoted, alone(HOUR - 1, { logE: { "escalation-rate": 5 } }));
    expect(taken.reason).toBe("escalation-rate breaks its objective since the promotion");
    expect([standing(taken), taken.decision]).toEqual([
      "RollingBack",
      { decidedAt: HOUR - 1, culprits: ["escalation-rate"], canarySessions: 2, logE: { "escalation-rate": 5 } },
    ]);
    expect(standing(tell(promoted, alone(HOUR)))).toBe("Succeeded");
  });

  test("is announced first where there is an undo window, and not heard again once it was undone", () => {
    const promoted = aRollout(PROMOTED, planOf({ gate, rollback: { undoWindow: "5m" } }));
    const announced = tell(promoted, alone(10));
    expect([standing(announced), announced.announcement?.executesAt]).toEqual(["Succeeded", 300_010]);
    expect(standing(tell(announced, passed(300_010)))).toBe("RollingBack");
    expect(standing(tell(announced, asked("undoRequested", 20), alone(30), passed(400_000)))).toBe("Succeeded");
  });

  test("waits for a target that does not answer, and goes back once it does", () => {
    const promoted = tell(aRollout(PROMOTED, planOf({ gate })), target(false, 5), alone(10));
    expect([standing(promoted), promoted.announcement?.culprits]).toEqual(["Succeeded", ["escalation-rate"]]);
    expect(standing(tell(promoted, target(true, 20), passed(21)))).toBe("RollingBack");
  });

  test("is told to a person once, where rollbacks are not automatic", () => {
    const promoted = tell(aRollout(PROMOTED, planOf({ gate, rollback: { automatic: false } })), alone(10), alone(20));
    expect(standing(promoted)).toBe("Succeeded");
    expect(promoted.timeline.filter(({ news }) => news === "paused").map(({ text }) => text)).toEqual([
      "escalation-rate breaks its objective since the promotion; this rollout does not roll back on its own",
    ]);
  });
});

test("an outage while a promotion bakes is kept with its times, told to a person, and rolls nothing back", () => {
  const plan = planOf({ gate: { objective: { max: 0.12 } } });
  const told = tell(
    aRollout(PROMOTED, plan),
    condition("providerOutage", true, 100_000),
    condition("providerOutage", false, 160_000),
    passed(200_000),
  );
  expect([standing(told), told.outages]).toEqual(["Succeeded", [{ from: 70_000, to: 160_000 }]]);
  expect(told.timeline.flatMap(({ news }) => news ?? [])).toEqual(["paused"]);
  const onStep = tell(aRollout(baking(0), plan), condition("providerOutage", true, 100_000));
  expect(onStep.outages).toEqual([]);
});

test("a wrong split holds, warns or goes back, as the file says, and blames nobody", () => {
  const on = (action: string) =>
    tell(
      aRollout(baking(0), planOf({ analysis: { sampleRatioMismatch: { action } } })),
      judged({ isSampleRatioMismatch: true }, 5),
      judged({ isSampleRatioMismatch: true }, 6),
    );
  expect([standing(on("hold")), standing(on("warn")), standing(on("rollback"))]).toEqual([
    "sampleRatio",
    "Baking",
    "RollingBack",
  ]);
  expect(on("warn").timeline.filter(({ text }) => text.startsWith("goes on although"))).toHaveLength(1);
  expect(on("rollback").decision?.culprits).toEqual([]);
});

test("the circuit breaker is not heard twice by somebody who went on from it", () => {
  const tripped: RolloutEvent = {
    type: "breakerTripped",
    at: 5,
    canary: { turns: 20, failed: 18 },
    baseline: { turns: 300, failed: 2 },
  };
  const byHand = tell(aRollout(baking(0), planOf({ rollback: { automatic: false } })), tripped);
  expect([standing(byHand), byHand.reason]).toEqual([
    "guardrail",
    "18 of 20 turns of the canary failed, and 2 of 300 of the baseline; this rollout does not roll back on its own",
  ]);
  expect(standing(tell(byHand, asked("resumeRequested", 6), { ...tripped, at: 7 }))).toBe("Baking");
});

const anyCondition = fc.constantFrom("noTraffic", "metricsOutage", "providerOutage");
const anyOutage: fc.Arbitrary<RolloutEvent> = fc.oneof(
  fc
    .record({ name: anyCondition, isPresent: fc.boolean() })
    .map(({ name, isPresent }) => condition(name, isPresent, 1)),
  fc.boolean().map((isHealthy) => target(isHealthy, 1)),
  fc.constant(passed(1)),
  fc.boolean().map((isSampleRatioMismatch) => judged({ isSampleRatioMismatch }, 1)),
);

test("never promotes and never rolls back for want of data, whatever comes and goes in whatever order (I6)", () => {
  fc.assert(
    fc.property(fc.array(anyOutage, { maxLength: 80 }), fc.integer({ min: 1, max: 40 }), (events, hours) => {
      let rollout = aRollout(baking(1));
      for (const [index, event] of events.entries()) {
        const at = 1 + index * hours * 60_000;
        rollout = advance(rollout, event.type === "blockJudged" ? judged(event.judgement, at) : { ...event, at });
        expect([rollout.phase.kind, rollout.decision, canaryWeightBp(rollout)]).toEqual([
          rollout.phase.kind === "Paused" ? "Paused" : "Baking",
          null,
          2500,
        ]);
      }
    }),
  );
});

test("a person can always roll back where the canary meets users, with one event and nothing else (I7)", () => {
  fc.assert(
    fc.property(fc.array(anyOutage, { maxLength: 30 }), (events) => {
      const rollout = tell(aRollout(baking(0)), ...events);
      const back = advance(rollout, { ...asked("rollbackRequested", 2), force: true });
      expect([back.phase.kind, canaryWeightBp(back)]).toEqual(["RollingBack", 0]);
    }),
  );
});
