import { aRolloutFile, aRolloutPlan, anAppliedEvent } from "@perch/testkit";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parseAgentName, parseRolloutId, parseSessionId } from "../routing/ids.ts";
import { parseTransactionId } from "../transaction/transaction.ts";
import { startRollout } from "./advance.ts";
import { advanceAgent, newAgent, type AgentEvent, type AgentRecord } from "./agent-record.ts";
import { deriveRoute, releaseStatus } from "./derive-routes.ts";
import { drainMoves } from "./drain-moves.ts";
import { nextRetirement } from "./next-retirement.ts";
import type { RetirementEvent, RetirementStageKind } from "./retirement.ts";
import type { Phase, Rollout } from "./rollout.ts";
import { parseRolloutSpec } from "./spec.ts";

const [OLD, NEW] = [digestOf("2.3.0"), digestOf("2.3.1")];
const HOUR = 3_600_000;
const revision = { epoch: 1, sequence: 7 };
const DRAIN = { deadline: "2h", onDeadline: "migrate" };
const SUNSET = { scaledownDelay: "1h", deleteDelay: "3h", keepLast: 0 };
const PLAN = aRolloutPlan({ drain: DRAIN, sunset: SUNSET, rollback: { window: { duration: "30m" } } });
const HOOK = "http://127.0.0.1:9/hook";

function deployed(release: typeof OLD, url: string, hook: string | null = null): AgentEvent {
  return { type: "deploymentRegistered", at: 0, release, url, replaces: true, hook };
}

function admitted(digest: typeof OLD, version: string): AgentEvent {
  const policy = { escalationTools: [], successTools: [] };
  return { type: "releaseAdmitted", at: 0, release: { digest, version }, policy, signedBy: [] };
}

const RECORD: AgentRecord = [
  admitted(OLD, "2.3.0"),
  deployed(OLD, "http://a", HOOK),
  admitted(NEW, "2.3.1"),
  deployed(NEW, "http://b"),
].reduce(advanceAgent, newAgent(parseAgentName("support")));

/** `support-2-3-1`, exposed once, at `phase`. */
function aRollout(phase: Phase, change: Partial<Rollout> = {}): Rollout {
  const begun = startRollout(anAppliedEvent({ plan: PLAN }));
  const met = { at: 0, phase: "Shifting" as const, weightBp: 500, text: "", actor: "controller" };
  return { ...begun, timeline: [met], phase, phaseSince: 0, ...change };
}

/** The window in which it could be taken back is over. */
const PROMOTED = aRollout({ kind: "Succeeded", rollbackUntil: HOUR / 2 });

type World = {
  record: AgentRecord;
  rollouts?: readonly Rollout[];
  livePins?: number | null;
  openTransactions?: number | null;
  now: number;
};

function next(release: typeof OLD, { record, rollouts = [PROMOTED], livePins = 0, openTransactions = 0, now }: World) {
  return nextRetirement(release, { record, rollouts, now, facts: { livePins, openTransactions, revision } });
}

const SESSION = parseSessionId("s-1");
const CALL = {
  release: OLD,
  tool: "refund",
  id: parseTransactionId("r-1"),
  action: "cancel" as const,
  to: null,
};
const EVENTS: { readonly [Type in RetirementEvent["type"]]: RetirementEvent & { type: Type } } = {
  drainStarted: {
    type: "drainStarted",
    at: HOUR,
    release: OLD,
    rollout: PROMOTED.id,
    drain: PLAN.drain ?? null,
    sunset: PLAN.sunset ?? null,
  },
  drainOverdue: { type: "drainOverdue", at: 3 * HOUR, release: OLD, livePins: 2, openTransactions: 0 },
  releaseDrained: { type: "releaseDrained", at: 4 * HOUR, release: OLD, revision },
  drainResumed: { type: "drainResumed", at: 5 * HOUR, release: OLD, livePins: 1, openTransactions: 0 },
  drainCancelled: { type: "drainCancelled", at: 5 * HOUR, release: OLD, reason: "it is the current release" },
  releaseScaledDown: { type: "releaseScaledDown", at: 5 * HOUR, release: OLD, revision },
  deploymentHookAnswered: {
    type: "deploymentHookAnswered",
    at: 6 * HOUR,
    release: OLD,
    url: "http://a",
    action: "scaleDown",
    status: 200,
    attempts: 1,
  },
  releaseDecommissioned: { type: "releaseDecommissioned", at: 7 * HOUR, release: OLD, revision },
  transactionHookCalled: { type: "transactionHookCalled", at: 3 * HOUR, ...CALL, session: SESSION, url: "http://t" },
  transactionHookRefused: {
    type: "transactionHookRefused",
    at: 3 * HOUR,
    ...CALL,
    status: 503,
    detail: "answered 503",
    attempts: 1,
  },
  transactionHookAgreed: { type: "transactionHookAgreed", at: 4 * HOUR, ...CALL, status: 200, attempts: 2 },
};
type Type = keyof typeof EVENTS;

const after = (...types: readonly Type[]): AgentRecord =>
  types.map((type) => EVENTS[type]).reduce<AgentRecord>(advanceAgent, RECORD);
const stageOf = (record: AgentRecord): RetirementStageKind | "none" =>
  record.retirements.find(({ release }) => release === OLD)?.stage.kind ?? "none";

const AT: { readonly [Stage in RetirementStageKind | "none"]: AgentRecord } = {
  none: RECORD,
  draining: after("drainStarted"),
  drained: after("drainStarted", "releaseDrained"),
  scaledDown: after("drainStarted", "releaseDrained", "releaseScaledDown", "deploymentHookAnswered"),
  decommissioned: after(
    "drainStarted",
    "releaseDrained",
    "releaseScaledDown",
    "deploymentHookAnswered",
    "releaseDecommissioned",
  ),
};
type Stage = keyof typeof AT;
const stays = (stage: Stage): Record<Type, Stage> => ({
  drainStarted: stage,
  drainOverdue: stage,
  releaseDrained: stage,
  drainResumed: stage,
  drainCancelled: "none",
  releaseScaledDown: stage,
  deploymentHookAnswered: stage,
  releaseDecommissioned: stage,
  transactionHookCalled: stage,
  transactionHookRefused: stage,
  transactionHookAgreed: stage,
});
const NEXT: { readonly [From in Stage]: { readonly [Event in Type]: Stage } } = {
  none: { ...stays("none"), drainStarted: "draining" },
  draining: { ...stays("draining"), releaseDrained: "drained" },
  drained: { ...stays("drained"), drainResumed: "draining", releaseScaledDown: "scaledDown" },
  scaledDown: { ...stays("scaledDown"), releaseDecommissioned: "decommissioned" },
  decommissioned: stays("decommissioned"),
};

describe("a release's way out, event by event", () => {
  for (const from of Object.keys(AT) as Stage[]) {
    for (const type of Object.keys(EVENTS) as Type[]) {
      test(`${from} is ${NEXT[from][type]} after ${type}`, () => {
        expect(stageOf(AT[from])).toBe(from);
        expect(stageOf(advanceAgent(AT[from], EVENTS[type]))).toBe(NEXT[from][type]);
      });
    }
  }
});

test("an event that means nothing returns the very same record", () => {
  expect(advanceAgent(AT.drained, EVENTS.releaseDrained)).toBe(AT.drained);
  expect(advanceAgent(AT.scaledDown, EVENTS.deploymentHookAnswered)).toBe(AT.scaledDown);
  const early = { ...EVENTS.releaseScaledDown, at: 5 * HOUR - 1 };
  expect(advanceAgent(AT.drained, early)).toBe(AT.drained);
  expect(advanceAgent(AT.scaledDown, { ...EVENTS.releaseDecommissioned, at: 7 * HOUR - 1 })).toBe(AT.scaledDown);
});

test("a release is not decommissioned before its deployment's hook has agreed", () => {
  const asked = after("drainStarted", "releaseDrained", "releaseScaledDown");
  expect(stageOf(advanceAgent(asked, EVENTS.releaseDecommissioned))).toBe("scaledDown");
  const waiting = next(OLD, { record: asked, now: 9 * HOUR });
  expect(waiting).toEqual({ event: null, waitsFor: ["the hook of http://a to agree that it is scaled down"] });
});

describe("what happens next", () => {
  test("the old baseline drains once the rollout is over, by that rollout's file", () => {
    expect(next(OLD, { record: RECORD, now: HOUR }).event).toEqual(EVENTS.drainStarted);
    const promoting = [aRollout({ kind: "Promoting" })];
    expect(next(OLD, { record: RECORD, rollouts: promoting, now: HOUR }).event).toBeNull();
    expect(next(NEW, { record: RECORD, now: HOUR }).event).toBeNull();
  });

  test("a canary that was taken back drains", () => {
    const rollouts = [aRollout({ kind: "RolledBack" })];
    expect(next(NEW, { record: RECORD, rollouts, now: HOUR }).event).toMatchObject({
      type: "drainStarted",
      release: NEW,
    });
  });

  test("nothing is recorded where the file says neither drain nor sunset", () => {
    const rollouts = [aRollout({ kind: "RolledBack" }, { plan: aRolloutPlan() })];
    expect(next(NEW, { record: RECORD, rollouts, now: HOUR })).toEqual({ event: null, waitsFor: [] });
  });

  test("a release drains until no session is pinned to it, and unknown is not none", () => {
    const world = { record: AT.draining, now: HOUR + 1 };
    expect(next(OLD, { ...world, livePins: 0 }).event).toEqual({ ...EVENTS.releaseDrained, at: HOUR + 1 });
    expect(next(OLD, { ...world, livePins: 2 })).toEqual({
      event: null,
      waitsFor: ["2 sessions that are pinned to it", "at the latest 1970-01-01T03:00:00.000Z, then: migrate"],
    });
    expect(next(OLD, { ...world, livePins: null }).event).toBeNull();
  });

  test("a deadline that passes is recorded once", () => {
    const late = { record: AT.draining, livePins: 2, now: 3 * HOUR };
    expect(next(OLD, late).event).toEqual(EVENTS.drainOverdue);
    const record = advanceAgent(AT.draining, EVENTS.drainOverdue);
    expect(next(OLD, { ...late, record }).event).toBeNull();
  });

  test("a transaction that is open, or that may be, holds the drain as a pin does", () => {
    const at = (openTransactions: number | null) => next(OLD, { record: AT.draining, openTransactions, now: 2 * HOUR });
    const deadline = "at the latest 1970-01-01T03:00:00.000Z, then: migrate";
    expect(at(1)).toEqual({ event: null, waitsFor: ["1 transaction of its tools to be closed", deadline] });
    expect(at(2).waitsFor).toEqual(["2 transactions of its tools to be closed", deadline]);
    expect(at(null).waitsFor).toEqual([
      "the store to tell which transactions of its tools are open: that is not known just now",
      deadline,
    ]);
    expect(at(0).event?.type).toBe("releaseDrained");
  });

  test("one that somebody tells of late makes a drained release drain again, and holds one whose routes went", () => {
    expect(next(OLD, { record: AT.drained, openTransactions: 2, now: 5 * HOUR }).event).toEqual({
      ...EVENTS.drainResumed,
      livePins: 0,
      openTransactions: 2,
    });
    expect(next(OLD, { record: AT.scaledDown, openTransactions: 1, now: 9 * HOUR })).toEqual({
      event: null,
      waitsFor: ["1 transaction of its tools to be closed"],
    });
  });

  test("a session that comes back with a pin of its own makes a drained release drain again", () => {
    expect(next(OLD, { record: AT.drained, livePins: 1, now: 5 * HOUR }).event).toEqual(EVENTS.drainResumed);
  });

  test("its routes go after the delay, and not before every gateway can tell that nobody needs them", () => {
    const world = { record: AT.drained, now: 5 * HOUR };
    expect(next(OLD, world).event).toEqual(EVENTS.releaseScaledDown);
    expect(next(OLD, { ...world, now: 5 * HOUR - 1 }).waitsFor).toEqual([
      "scaledownDelay, until 1970-01-01T05:00:00.000Z",
    ]);
    expect(next(OLD, { ...world, livePins: null })).toMatchObject({
      event: null,
      waitsFor: ["every gateway to tell how many sessions are pinned to it: that is not known just now"],
    });
  });

  test("a baseline is kept warm while its successor can still be rolled back", () => {
    const rollouts = [aRollout({ kind: "Succeeded", rollbackUntil: 6 * HOUR })];
    expect(next(OLD, { record: AT.drained, rollouts, now: 5 * HOUR })).toEqual({
      event: null,
      waitsFor: ["the rollback window of support-2-3-1, until 1970-01-01T06:00:00.000Z"],
    });
  });

  test("a release that may come back without steps is kept running for as long as it may", () => {
    const window = { revisions: 1, duration: "6h" };
    const plan = aRolloutPlan({ drain: DRAIN, sunset: SUNSET, rollback: { window } });
    // Another rollout has closed the way back, but not this one.
    const rollouts = [aRollout({ kind: "Succeeded", rollbackUntil: 0 }, { plan })];
    expect(next(OLD, { record: AT.drained, rollouts, now: 5 * HOUR })).toEqual({
      event: null,
      waitsFor: ["window.duration to pass, within which it comes back without steps (window.revisions: 1)"],
    });
    expect(next(OLD, { record: AT.drained, rollouts, now: 7 * HOUR }).event?.type).toBe("releaseScaledDown");
  });

  test("the last ones to drain are kept, those that a guardrail took back aside", () => {
    const sunset = { scaledownDelayMs: HOUR, deleteDelayMs: HOUR, keepLast: 1 };
    const kept = (record: AgentRecord) => ({
      ...record,
      retirements: record.retirements.map((one) => ({ ...one, sunset })),
    });
    const world = { record: kept(AT.drained), now: 5 * HOUR };
    expect(next(OLD, world)).toEqual({ event: null, waitsFor: ["newer releases to drain: keepLast is 1"] });
    const decision = { decidedAt: 0, culprits: ["escalation-rate"], canarySessions: 9, logE: {} };
    const guilty = aRollout({ kind: "RolledBack" }, { canary: { digest: OLD, version: "2.3.0" }, decision });
    const rollouts = [guilty, PROMOTED];
    expect(next(OLD, { ...world, rollouts }).event?.type).toBe("releaseScaledDown");
  });

  test("nothing is taken away while the agent is switched off, or a rollout names the release", () => {
    const kill = { killedAt: 1, actor: "ada", reason: "r", to: null };
    const world = { record: { ...AT.drained, kill }, now: 5 * HOUR };
    expect(next(OLD, world).waitsFor).toEqual(["the agent to be switched on again"]);
    const again = aRollout({ kind: "Preparing" }, { id: parseRolloutId("again"), canary: PROMOTED.baseline });
    expect(next(OLD, { record: AT.drained, rollouts: [PROMOTED, again], now: 5 * HOUR }).waitsFor).toEqual([
      "the rollout again, which names it, to be over",
    ]);
  });

  test("a release that ramps or is current again has left its way out, whatever the stage (row 24)", () => {
    const ramping = aRollout({ kind: "Baking", step: 0, startedAt: 0 }, { canary: PROMOTED.baseline });
    for (const stage of ["draining", "drained", "scaledDown", "decommissioned"] as const) {
      const world = { record: AT[stage], now: 9 * HOUR };
      expect(next(OLD, { ...world, rollouts: [PROMOTED, ramping] }).event?.type).toBe("drainCancelled");
      expect(next(OLD, { ...world, rollouts: [aRollout({ kind: "RollingBack" })] }).event?.type).toBe("drainCancelled");
    }
  });
});

test("with everything called off, sessions go on with their next turn", () => {
  const record = advanceAgent(AT.draining, EVENTS.drainOverdue);
  const called = {
    ...record,
    retirements: record.retirements.map((one) => ({
      ...one,
      drain: { deadlineMs: 1, onDeadline: "cancel" as const, openTransactions: "cancel" as const },
    })),
  };
  expect(drainMoves(called, [PROMOTED])).toMatchObject([{ from: OLD, to: NEW, mode: "evict" }]);
});

test("sessions that outlast the deadline go to the current release, as the file says", () => {
  const record = advanceAgent(AT.draining, EVENTS.drainOverdue);
  const [order, ...others] = drainMoves(record, [PROMOTED]);
  expect(others).toEqual([]);
  expect(order).toMatchObject({ from: OLD, to: NEW, mode: "migrate", session: null });
  expect(drainMoves(AT.draining, [PROMOTED])).toEqual([]);
  const waiting = {
    ...record,
    retirements: record.retirements.map((one) => ({ ...one, drain: { deadlineMs: 1, onDeadline: "wait" as const } })),
  };
  expect(drainMoves(waiting, [PROMOTED])).toEqual([]);
});

test("a release whose routes went has no address, and the gateways are told that its sessions are over", () => {
  const defaults = { idleTimeoutMs: 7, sessionExtractors: [], sessionLearners: [], places: new Map(), now: 9 * HOUR };
  const routeOf = (record: AgentRecord) =>
    deriveRoute(record, [PROMOTED], defaults)?.releases.find(({ release }) => release === OLD);
  expect(routeOf(AT.drained)).toEqual({ release: OLD, version: "2.3.0", urls: ["http://a"] });
  expect(routeOf(AT.scaledDown)).toEqual({ release: OLD, version: "2.3.0", urls: [], isRetired: true });
});

test("whoever deploys a decommissioned release anew has it back, to drain from the beginning", () => {
  const back = advanceAgent(AT.decommissioned, deployed(OLD, "http://c"));
  expect(stageOf(back)).toBe("none");
  expect(back.deployments.find(({ release }) => release === OLD)?.url).toBe("http://c");
  expect(next(OLD, { record: back, now: 9 * HOUR }).event?.type).toBe("drainStarted");
});

test("the status is what is on record, however many pins are counted just now", () => {
  const status = (record: AgentRecord, livePins: number | null) =>
    releaseStatus({ release: OLD, livePins, openTransactions: 0 }, record, [PROMOTED]);
  expect([status(AT.draining, 0), status(AT.drained, null), status(AT.scaledDown, 0)]).toEqual([
    "Draining",
    "Drained",
    "Drained",
  ]);
  expect(status(AT.decommissioned, null)).toBe("Decommissioned");
});

type Step = { ms: number; pins: number | null; open: number | null; phase: Phase; hookAgrees: boolean };
const anyPhase: fc.Arbitrary<Phase> = fc.constantFrom<Phase>(
  { kind: "Succeeded", rollbackUntil: 2 * HOUR },
  { kind: "Succeeded", rollbackUntil: 0 },
  { kind: "RollingBack" },
  { kind: "RolledBack" },
  { kind: "Baking", step: 0, startedAt: 0 },
  { kind: "Promoting" },
);
const mostlyNone = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  fc.constant(null),
  fc.integer({ min: 1, max: 5 }),
);
const anyStep: fc.Arbitrary<Step> = fc.record({
  ms: fc.integer({ min: 0, max: 2 * HOUR }),
  pins: mostlyNone,
  open: mostlyNone,
  phase: fc.oneof({ weight: 4, arbitrary: fc.constant<Phase>({ kind: "Succeeded", rollbackUntil: 0 }) }, anyPhase),
  hookAgrees: fc.boolean(),
});

const OUT: ReadonlySet<string> = new Set(["releaseDrained", "releaseScaledDown", "releaseDecommissioned"]);

/** One turn for one release; what is decided is done. A decision that its own reducer ignores would be made for ever. */
function turn(release: typeof OLD, world: World): { record: AgentRecord; decided: string | null } {
  const { event } = next(release, world);
  if (event === null) return { record: world.record, decided: null };
  const record = advanceAgent(world.record, event);
  expect(record).not.toBe(world.record);
  return { record, decided: event.type };
}

/** Releases without routes that new sessions may meet all the same. */
function stranded(record: AgentRecord, rollout: Rollout): readonly string[] {
  const route = deriveRoute(record, [rollout], DEFAULTS);
  const served = new Set([route?.current, route?.withoutLease, route?.canary?.release]);
  return (route?.releases ?? []).flatMap(({ release, isRetired }) =>
    isRetired === true && served.has(release) ? [release] : [],
  );
}

test("never takes the routes of a release while anybody is pinned to it, a transaction is open, one of both is unknown, or it serves (I8)", () => {
  const decisions = new Set<string | null>();
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 1, maxLength: 30 }), (steps) => {
      let [record, now] = [RECORD, HOUR];
      for (const { ms, pins: livePins, open: openTransactions, phase, hookAgrees } of steps) {
        now += ms;
        const rollout = aRollout(phase);
        for (const release of [OLD, NEW]) {
          const after = turn(release, { record, rollouts: [rollout], livePins, openTransactions, now });
          record = after.record;
          decisions.add(after.decided);
          const isUsed = livePins !== 0 || openTransactions !== 0;
          expect(after.decided !== null && OUT.has(after.decided) && isUsed).toBe(false);
        }
        if (hookAgrees) record = advanceAgent(record, { ...EVENTS.deploymentHookAnswered, at: now });
        // A promotion cannot be taken back once the window is over that kept its baseline.
        expect(phase.kind === "Succeeded" ? stranded(record, rollout) : []).toEqual([]);
      }
    }),
  );
  // Else nothing was tried.
  expect(decisions).toContain("releaseDecommissioned");
});

const DEFAULTS = { idleTimeoutMs: 7, sessionExtractors: [], sessionLearners: [], places: new Map(), now: 0 };

describe("the file", () => {
  const problemsOf = (spec: object): readonly string[] => {
    const parsed = parseRolloutSpec(aRolloutFile({ ...spec }));
    return parsed.kind === "valid" ? [] : parsed.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
  };

  test("fills in what drain and sunset leave out, and nothing where they are not there", () => {
    expect(aRolloutPlan({ drain: {}, sunset: {} })).toMatchObject({
      drain: { deadlineMs: 24 * HOUR, onDeadline: "migrate", openTransactions: "wait" },
      sunset: { scaledownDelayMs: HOUR, deleteDelayMs: 24 * HOUR, keepLast: 3 },
    });
    expect(aRolloutPlan()).toMatchObject({ drain: null, sunset: null });
  });

  test("says what becomes of open transactions, and cancels them where everything is", () => {
    const planOf = (drain: object) => aRolloutPlan({ drain }).drain?.openTransactions;
    expect(planOf({ openTransactions: { onDeadline: "cancel", hook: "tool.cancel" } })).toBe("cancel");
    expect(planOf({ openTransactions: { onDeadline: "transfer" } })).toBe("transfer");
    expect(planOf({ onDeadline: "cancel" })).toBe("cancel");
    expect(planOf({ onDeadline: "evict" })).toBe("wait");
  });

  test.each([
    [
      { openTransactions: {} },
      'openTransactions.onDeadline: found nothing, expected one of "cancel"|"transfer"|"wait"',
    ],
    [
      { openTransactions: { onDeadline: "cancel", hook: "tool.transfer" } },
      'openTransactions.hook: found "tool.transfer", expected tool.cancel',
    ],
    [
      { openTransactions: { onDeadline: "wait", hook: "tool.cancel" } },
      'openTransactions.hook: found "tool.cancel", expected none: nobody is called with onDeadline: wait',
    ],
    [
      { onDeadline: "cancel", openTransactions: { onDeadline: "wait" } },
      'openTransactions.onDeadline: found "wait", expected cancel beside drain.onDeadline: cancel; or write evict there, which leaves transactions alone',
    ],
    [
      { openTransactions: { onDeadline: "cancel", deadline: "1h" } },
      "openTransactions.deadline: found an unknown field",
    ],
  ])("refuses %j and says what it expected", (drain, problem) => {
    expect(problemsOf({ drain })).toEqual([expect.stringContaining(`spec.drain.${problem}`)]);
  });

  test("refuses to delete before it scales down", () => {
    expect(problemsOf({ sunset: { scaledownDelay: "2h", deleteDelay: "1h" } })).toEqual([
      'spec.sunset.deleteDelay: found "1h", expected at least scaledownDelay: both begin when the release has drained',
    ]);
  });

  test("refuses both in a rollout that only mirrors", () => {
    const mirror = { setMirrorRoute: { percentage: 10, sideEffects: "block" }, pause: { duration: "1h" } };
    const shadow = { strategy: { type: "shadow" }, steps: [mirror], analysis: undefined };
    expect(problemsOf({ ...shadow, drain: {}, sunset: {} })).toEqual([
      "spec.drain: found it in a shadow rollout, expected none: nobody meets its release, and nothing is promoted",
      "spec.sunset: found it in a shadow rollout, expected none: nobody meets its release, and nothing is promoted",
    ]);
    expect(problemsOf(shadow)).toEqual([]);
  });
});
