import { anAppliedEvent, aRolloutPlan } from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Block, LandmarkReading } from "../gate/block.ts";
import { digestOf } from "../release/digest.ts";
import { parseGatewayId, parseRolloutId } from "../routing/ids.ts";
import { advance, startRollout } from "./advance.ts";
import type {
  AppliedEvent,
  JudgementSummary,
  Phase,
  PhaseKind,
  Rollout,
  RolloutEvent,
  RolloutEventType,
} from "./rollout.ts";
import { canaryWeightBp, isFinal } from "./weight.ts";

const PLAN = aRolloutPlan({ steps: [{ setWeight: 5, pause: { duration: "10ms" } }, { setWeight: 25 }] });

function planOf(change: Partial<AppliedEvent["plan"]> = {}): AppliedEvent["plan"] {
  return { ...PLAN, ...change };
}

const applied = (change: Partial<AppliedEvent["plan"]> = {}): AppliedEvent => anAppliedEvent({ plan: planOf(change) });

const judgement: JudgementSummary = {
  step: 0,
  culprits: [],
  pausing: [],
  canAdvance: false,
  isSampleRatioMismatch: false,
  waitingFor: [],
  logE: {},
};

function aBlock(change: Partial<Block> = {}): Block {
  return {
    step: 0,
    throughSequence: 1,
    openedAt: 0,
    closedAt: 0,
    assigned: { baseline: 190, canary: 10 },
    unresolved: 0,
    baselineSessions: 10,
    canarySessions: 2,
    counts: {},
    ...change,
  };
}

function judged(change: Partial<JudgementSummary>, block: Partial<Block> = {}, at = 100): RolloutEvent {
  return { type: "blockJudged", at, block: aBlock(block), judgement: { ...judgement, ...change } };
}

function judgedAtAge(
  change: Partial<JudgementSummary>,
  reading: Partial<LandmarkReading> = {},
  at = 100,
): RolloutEvent {
  const read = { ...aReading, ...reading };
  return { type: "landmarkJudged", at, reading: read, judgement: { ...judgement, ...change } };
}

const aReading: LandmarkReading = {
  gate: "escalation-rate",
  step: 0,
  throughSequence: 1,
  openedAt: 0,
  closedAt: 0,
  counts: { baselineSessions: 10, baselineBad: 1, canarySessions: 2, canaryBad: 2 },
  unknown: 0,
  evaluators: [],
};

const propagation = { revision: { epoch: 1, sequence: 2 }, gateways: [] };
const request = { at: 100, actor: "ada", reason: "" };

/** A rollout that stands in the given phase since 0. */
function inPhase(phase: Phase, change: Partial<Rollout> = {}): Rollout {
  return { ...startRollout(applied()), phase, phaseSince: 0, ...change };
}

const PAUSED = { kind: "Paused", step: 0, startedAt: 0, routedStep: 0, gates: [] } as const;

const PHASES: { readonly [Kind in PhaseKind]: Phase & { kind: Kind } } = {
  Pending: { kind: "Pending", isQueued: false },
  Preparing: { kind: "Preparing" },
  Shadowing: { kind: "Shadowing", startedAt: 0, hold: null },
  Shifting: { kind: "Shifting", step: 0 },
  Baking: { kind: "Baking", step: 0, startedAt: 0 },
  Paused: { ...PAUSED, why: "manual" },
  Promoting: { kind: "Promoting" },
  Succeeded: { kind: "Succeeded", rollbackUntil: 1000 },
  RollingBack: { kind: "RollingBack" },
  RolledBack: { kind: "RolledBack" },
  Aborting: { kind: "Aborting" },
  Aborted: { kind: "Aborted" },
  Superseding: { kind: "Superseding" },
  Superseded: { kind: "Superseded" },
  Failed: { kind: "Failed" },
};
const KINDS = Object.values(PHASES).map(({ kind }) => kind);

/** One event of each type, as it comes while the rollout is in `phase`; the block shows harm. */
function eventsIn(phase: PhaseKind): { readonly [Type in RolloutEventType]: RolloutEvent } {
  const of = { kind: phase, since: 0 };
  return {
    applied: applied(),
    dequeued: { type: "dequeued", at: 100, baseline: { digest: digestOf("2.2.0"), version: "2.2.0" } },
    superseded: { type: "superseded", at: 100, actor: "ada", by: parseRolloutId("support-2-3-2") },
    timePassed: { type: "timePassed", at: 100 },
    prepared: { type: "prepared", at: 100, references: {} },
    preparationFailed: { type: "preparationFailed", at: 100, reason: "late" },
    synced: { type: "synced", at: 100, of, propagation },
    syncTimedOut: { type: "syncTimedOut", at: 100, of, laggards: [parseGatewayId("gw-1")] },
    blockJudged: judged({ culprits: ["escalation-rate"] }),
    landmarkJudged: judgedAtAge({ culprits: ["escalation-rate"] }),
    mirrorStopped: { type: "mirrorStopped", at: 100, reason: "the cap", stops: "everything" },
    hookAnswered: {
      type: "hookAnswered",
      at: 100,
      hook: "nobody",
      occasion: "start",
      outcome: "failed",
      status: 500,
      attempts: 1,
      detail: "answered 500",
    },
    conditionChanged: {
      type: "conditionChanged",
      at: 100,
      condition: "metricsOutage",
      isPresent: true,
      detail: "the store is away",
    },
    breakerTripped: {
      type: "breakerTripped",
      at: 100,
      canary: { turns: 20, failed: 20 },
      baseline: { turns: 200, failed: 0 },
    },
    targetChecked: { type: "targetChecked", at: 100, isHealthy: false, detail: "it refuses connections" },
    undoRequested: { type: "undoRequested", ...request },
    pauseRequested: { type: "pauseRequested", ...request },
    resumeRequested: { type: "resumeRequested", ...request },
    rollbackRequested: { type: "rollbackRequested", ...request },
    abortRequested: { type: "abortRequested", ...request },
    promoteRequested: { type: "promoteRequested", ...request },
    rollbackWindowClosed: { type: "rollbackWindowClosed", at: 100 },
  };
}

/** Where each event leads from each phase. What is not named stays where it is. */
const NEXT: { readonly [From in PhaseKind]: { readonly [Type in RolloutEventType]: PhaseKind } } = {
  Pending: { ...unexposed("Pending"), timePassed: "Preparing", preparationFailed: "Failed" },
  Preparing: { ...unexposed("Preparing"), prepared: "Shifting", preparationFailed: "Failed" },
  Shadowing: {
    ...unexposed("Shadowing"),
    timePassed: "Shifting",
    rollbackRequested: "RollingBack",
  },
  Shifting: { ...exposed("Shifting"), synced: "Baking", syncTimedOut: "Paused" },
  Baking: { ...exposed("Baking"), conditionChanged: "Paused" },
  Paused: { ...exposed("Paused"), resumeRequested: "Baking" },
  Promoting: {
    ...stay("Promoting"),
    synced: "Succeeded",
    blockJudged: "RollingBack",
    landmarkJudged: "RollingBack",
    breakerTripped: "RollingBack",
    rollbackRequested: "RollingBack",
  },
  Succeeded: {
    ...stay("Succeeded"),
    blockJudged: "RollingBack",
    landmarkJudged: "RollingBack",
    breakerTripped: "RollingBack",
    rollbackRequested: "RollingBack",
  },
  RollingBack: { ...stay("RollingBack"), synced: "RolledBack" },
  RolledBack: stay("RolledBack"),
  Aborting: { ...stay("Aborting"), synced: "Aborted" },
  Aborted: stay("Aborted"),
  Superseding: { ...stay("Superseding"), synced: "Superseded" },
  Superseded: stay("Superseded"),
  Failed: stay("Failed"),
};

function stay(phase: PhaseKind): { readonly [Type in RolloutEventType]: PhaseKind } {
  return {
    applied: phase,
    dequeued: phase,
    superseded: phase,
    timePassed: phase,
    prepared: phase,
    preparationFailed: phase,
    synced: phase,
    syncTimedOut: phase,
    blockJudged: phase,
    landmarkJudged: phase,
    mirrorStopped: phase,
    conditionChanged: phase,
    breakerTripped: phase,
    targetChecked: phase,
    undoRequested: phase,
    hookAnswered: phase,
    pauseRequested: phase,
    resumeRequested: phase,
    rollbackRequested: phase,
    abortRequested: phase,
    promoteRequested: phase,
    rollbackWindowClosed: phase,
  };
}

function unexposed(phase: PhaseKind): { readonly [Type in RolloutEventType]: PhaseKind } {
  return { ...stay(phase), abortRequested: "Aborting", superseded: "Superseding" };
}

function exposed(phase: PhaseKind): { readonly [Type in RolloutEventType]: PhaseKind } {
  return {
    ...unexposed(phase),
    blockJudged: "RollingBack",
    landmarkJudged: "RollingBack",
    breakerTripped: "RollingBack",
    pauseRequested: "Paused",
    rollbackRequested: "RollingBack",
    promoteRequested: "Promoting",
  };
}

function isNoted(kind: PhaseKind, { type }: RolloutEvent): boolean {
  return kind === "Shadowing" && (type === "pauseRequested" || type === "mirrorStopped");
}

describe("every phase meets every event as the table says", () => {
  test.each(KINDS)("%s", (kind) => {
    const rollout = inPhase(PHASES[kind]);
    for (const [type, event] of Object.entries(eventsIn(kind))) {
      const next = advance(rollout, event);
      expect([type, next.phase.kind]).toEqual([type, NEXT[kind][event.type]]);
      // A phase that is entered is told in the timeline, one that stays is not; and what a mirror meets on its way.
      const hasMoved = next.phase.kind !== kind || isNoted(kind, event);
      expect([type, next.timeline.length]).toEqual([type, rollout.timeline.length + (hasMoved ? 1 : 0)]);
    }
  });
});

/** What is remembered wherever the rollout stands. */
const COUNTED: ReadonlySet<RolloutEventType> = new Set([
  "blockJudged",
  "landmarkJudged",
  "conditionChanged",
  "targetChecked",
]);

test("an event that means nothing returns the very same object", () => {
  for (const kind of KINDS) {
    const rollout = inPhase(PHASES[kind]);
    for (const event of Object.values(eventsIn(kind))) {
      const stays = NEXT[kind][event.type] === kind && !COUNTED.has(event.type);
      const changesNothing = stays && !isNoted(kind, event);
      const closesWindow = kind === "Succeeded" && event.type === "rollbackWindowClosed";
      expect([kind, event.type, advance(rollout, event) === rollout]).toEqual([
        kind,
        event.type,
        changesNothing && !closesWindow,
      ]);
    }
  }
});

test("a block that is delivered twice counts once", () => {
  const once = advance(inPhase(PHASES.Baking), judged({}));
  expect(once.canaryJudged).toBe(2);
  expect(advance(once, judged({ culprits: ["escalation-rate"] }))).toBe(once);
});

test("what a gate read at its age counts once, and neither as a block nor for another gate or step", () => {
  const once = advance(inPhase(PHASES.Baking), judgedAtAge({}));
  const own = { through: { 0: 1 }, canarySessions: 2 };
  expect(once).toMatchObject({ canaryJudged: 0, judgedThrough: {}, landmarks: { "escalation-rate": own } });
  expect(advance(once, judgedAtAge({ culprits: ["escalation-rate"] }))).toBe(once);
  const others = [{ gate: "error-rate" }, { step: 1 }].map((other) => judgedAtAge({}, other));
  expect(others.reduce(advance, once).landmarks).toEqual({
    "escalation-rate": { through: { 0: 1, 1: 1 }, canarySessions: 4 },
    "error-rate": own,
  });
});

test("an acknowledgement of an earlier phase does not complete a later one", () => {
  const shifting = inPhase(PHASES.Shifting);
  const rollingBack = advance(shifting, { type: "rollbackRequested", ...request });
  const late = { type: "synced", at: 101, of: { kind: "Shifting", since: 0 }, propagation } as const;
  expect(advance(rollingBack, late)).toBe(rollingBack);
});

describe("a step is left", () => {
  const baking = inPhase(PHASES.Baking);

  test("when its time has passed and the gates let it go, and not before", () => {
    const early = advance(baking, judged({ canAdvance: true }, {}, 9));
    expect(early.phase.kind).toBe("Baking");
    expect(advance(early, { type: "timePassed", at: 9 })).toBe(early);
    expect(advance(early, { type: "timePassed", at: 10 }).phase).toEqual({ kind: "Shifting", step: 1 });
    expect(advance(baking, judged({ canAdvance: true }, {}, 10)).phase).toEqual({ kind: "Shifting", step: 1 });
    expect(advance(baking, judged({ canAdvance: false }, {}, 10)).phase.kind).toBe("Baking");
  });

  test("only on a judgement about that very step", () => {
    const second = inPhase({ kind: "Baking", step: 1, startedAt: 0 });
    expect(advance(second, judged({ canAdvance: true, step: 0 })).phase.kind).toBe("Baking");
    expect(advance(second, judged({ canAdvance: true, step: 1 })).phase.kind).toBe("Promoting");
  });

  test("with a person's approval where the plan asks for it", () => {
    const plan = planOf();
    const steps = plan.steps.map((step) => ({ ...step, requiresApproval: true }));
    const asking = advance({ ...baking, plan: { ...plan, steps } }, judged({ canAdvance: true }));
    expect(asking.phase).toMatchObject({ kind: "Paused", why: "approval", routedStep: 0 });
    expect(advance(asking, { type: "resumeRequested", ...request }).phase).toEqual({ kind: "Shifting", step: 1 });
    expect(advance(asking, judged({ culprits: ["escalation-rate"] }, { throughSequence: 2 })).phase.kind).toBe(
      "RollingBack",
    );
  });
});

describe("a pause", () => {
  const baking = inPhase(PHASES.Baking);

  test("that a signal caused ends when the signal is clear, and a person's does not", () => {
    const paused = advance(baking, judged({ pausing: ["tool-error-rate"] }));
    expect(paused.phase).toMatchObject({ kind: "Paused", why: "signal", gates: ["tool-error-rate"] });
    expect(advance(paused, judged({}, { throughSequence: 2 })).phase).toEqual(PHASES.Baking);
    const manual = advance(paused, { type: "pauseRequested", ...request });
    expect(advance(manual, judged({}, { throughSequence: 2 })).phase).toMatchObject({ kind: "Paused", why: "manual" });
  });

  test("that a person resumed is not repeated for the same signal", () => {
    const paused = advance(baking, judged({ pausing: ["tool-error-rate"] }));
    const resumed = advance(paused, { type: "resumeRequested", ...request });
    const again = judged({ pausing: ["tool-error-rate"] }, { throughSequence: 2 });
    expect(advance(resumed, again).phase.kind).toBe("Baking");
    const other = judged({ pausing: ["tool-error-rate", "other"] }, { throughSequence: 2 });
    expect(advance(resumed, other).phase).toMatchObject({ kind: "Paused", gates: ["other"] });
  });

  test("by a sample-ratio mismatch waits for a person", () => {
    const paused = advance(baking, judged({ isSampleRatioMismatch: true }));
    expect(paused.phase).toMatchObject({ kind: "Paused", why: "sampleRatio" });
    expect(advance(paused, judged({}, { throughSequence: 2 })).phase.kind).toBe("Paused");
  });

  test("takes the place of a rollback that is not automatic", () => {
    const byHand = { ...baking, plan: planOf({ isRollbackAutomatic: false }) };
    const paused = advance(byHand, judged({ culprits: ["escalation-rate"] }));
    expect(paused.phase).toMatchObject({ kind: "Paused", why: "guardrail", gates: ["escalation-rate"] });
    expect(canaryWeightBp(paused)).toBe(500);
  });

  test("by a silent gateway goes back to the weight before, and forward again when all agree", () => {
    const second = inPhase({ kind: "Shifting", step: 1 });
    const laggards = [parseGatewayId("gw-1")];
    const of = { kind: "Shifting", since: 0 } as const;
    const paused = advance(second, { type: "syncTimedOut", at: 100, of, laggards });
    expect([canaryWeightBp(second), canaryWeightBp(paused)]).toEqual([2500, 500]);
    const agreed = advance(paused, { type: "synced", at: 101, of: { kind: "Paused", since: 100 }, propagation });
    expect(agreed.phase).toEqual({ kind: "Shifting", step: 1 });
  });
});

test("a promotion can be taken back within its window only", () => {
  const succeeded = inPhase(PHASES.Succeeded);
  const back = (at: number, rollout = succeeded) =>
    advance(rollout, { type: "rollbackRequested", ...request, at }).phase.kind;
  expect([back(999), back(1000)]).toEqual(["RollingBack", "Succeeded"]);
  expect(back(999, advance(succeeded, { type: "rollbackWindowClosed", at: 500 }))).toBe("Succeeded");
});

test("a rollback keeps who is to blame and how many canary sessions had been judged", () => {
  const back = advance(inPhase(PHASES.Baking, { canaryJudged: 40 }), judged({ culprits: ["a", "b"] }));
  expect(back.decision).toEqual({ decidedAt: 100, culprits: ["a", "b"], canarySessions: 42, logE: {} });
  expect(back.reason).toBe("a and b show that the canary is worse");
  const atAge = advance(inPhase(PHASES.Baking), judgedAtAge({ culprits: ["escalation-rate"] }));
  expect(atAge.decision).toMatchObject({ culprits: ["escalation-rate"], canarySessions: 2 });
});

const anyEvent: fc.Arbitrary<RolloutEvent> = fc
  .record({ kind: fc.constantFrom(...KINDS), pick: fc.nat(), step: fc.nat(1), sequence: fc.nat(50), at: fc.nat(2000) })
  .chain(({ kind, pick, step, sequence, at }) =>
    fc.record({ canAdvance: fc.boolean(), isHarmful: fc.boolean(), pauses: fc.boolean() }).map((gates) => {
      const events = Object.values(eventsIn(kind));
      const event = events[pick % events.length];
      if (event === undefined || event.type === "blockJudged") {
        const culprits = gates.isHarmful ? ["escalation-rate"] : [];
        const pausing = gates.pauses ? ["tool-error-rate"] : [];
        const say = pick % 2 === 0 ? judged : judgedAtAge;
        return say({ step, culprits, pausing, canAdvance: gates.canAdvance }, { step, throughSequence: sequence }, at);
      }
      return { ...event, at };
    }),
  );
const anyHistory = fc.array(anyEvent, { maxLength: 60 });

test("never gives the canary of an ended rollout new sessions again, except to a promotion", () => {
  fc.assert(
    fc.property(anyHistory, anyHistory, (first, second) => {
      const before = first.reduce(advance, startRollout(applied()));
      const after = second.reduce(advance, before);
      const isTakenBack = [
        "RollingBack",
        "RolledBack",
        "Aborting",
        "Aborted",
        "Superseding",
        "Superseded",
        "Failed",
      ].includes(before.phase.kind);
      if (isTakenBack) expect(canaryWeightBp(after)).toBe(0);
      if (before.phase.kind === "Succeeded") expect([0, 10_000]).toContain(canaryWeightBp(after));
    }),
  );
});

test("always holds one of the plan's weights, and never promotes a rollout that was taken back", () => {
  fc.assert(
    fc.property(anyHistory, (events) => {
      let rollout = startRollout(applied());
      for (const event of events) {
        const next = advance(rollout, event);
        expect([0, 500, 2500, 10_000]).toContain(canaryWeightBp(next));
        if (rollout.decision !== null) expect(next.decision).toBe(rollout.decision);
        if (isFinal(rollout) && rollout.phase.kind !== "Succeeded") expect(next.phase).toBe(rollout.phase);
        rollout = next;
      }
    }),
  );
});

test("always ends up in the same state when the same history is told again, repeats included", () => {
  fc.assert(
    fc.property(anyHistory, (events) => {
      const once = events.reduce(advance, startRollout(applied()));
      const recorded: RolloutEvent[] = [];
      let rollout = startRollout(applied());
      for (const event of events) {
        const next = advance(rollout, event);
        if (next !== rollout) recorded.push(event);
        rollout = next;
      }
      expect(recorded.reduce(advance, startRollout(applied()))).toEqual(once);
    }),
  );
});
