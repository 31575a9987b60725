import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parseAgentName, parseGatewayId, parseRolloutId, parseSessionId } from "../routing/ids.ts";
import type { ShadowTurn } from "../routing/shadow-turn.ts";
import type { TurnRecord } from "../routing/turn-record.ts";
import { judgePair } from "./judge-pair.ts";

const session = parseSessionId("session-1");
const common = { gateway: parseGatewayId("gw-1"), agent: parseAgentName("support"), session };

/** The user's turn that came at `at`. */
function user(at: number, change: Partial<TurnRecord> = {}): TurnRecord {
  return {
    ...common,
    id: `user ${at}`,
    kind: "turn",
    release: digestOf("2.3.0"),
    arm: "baseline",
    rollout: null,
    step: null,
    traceId: `trace ${at}`,
    startedAt: at,
    durationMs: 10,
    firstByteMs: 1,
    status: 200,
    fault: null,
    requestBytes: 1,
    responseBytes: 100,
    endsSession: false,
    intent: null,
    taskState: null,
    isSynthetic: false,
    ...change,
  };
}

function mirrored(at: number, change: Partial<ShadowTurn> = {}): ShadowTurn {
  return {
    ...common,
    id: `shadow ${at}`,
    kind: "shadow",
    arm: "shadow",
    release: digestOf("2.3.1"),
    rollout: parseRolloutId("one"),
    assignedAt: 2,
    traceId: `own ${at}`,
    pairedTraceId: `trace ${at}`,
    pairedStartedAt: at,
    startedAt: at + 1,
    durationMs: 20,
    firstByteMs: 1,
    status: 201,
    outcome: "answered",
    reason: null,
    requestBytes: 1,
    responseBytes: 200,
    ...change,
  };
}

const problems = (baseline: readonly TurnRecord[], shadow: readonly ShadowTurn[]) =>
  judgePair({ session, baseline, shadow }).incompleteBecause;

test("a pair of whole conversations says what each side was", () => {
  const ends = user(99, { kind: "sessionEnd" });
  expect(judgePair({ session, baseline: [user(50), ends, user(1)], shadow: [mirrored(50), mirrored(1)] })).toEqual({
    startedAt: 1,
    baseline: { turns: 2, statuses: [200, 200], durationMs: 20, responseBytes: 200 },
    shadow: { turns: 2, statuses: [201, 201], durationMs: 40, responseBytes: 400 },
    incompleteBecause: [],
  });
});

test("a turn without a mirror, one that was dropped and one that failed each make a pair incomplete", () => {
  expect(problems([user(1), user(50)], [mirrored(1)])).toEqual(["1 of 2 turns has no mirror"]);
  const dropped = mirrored(50, { outcome: "dropped", reason: "queue_full", status: 0, durationMs: 0 });
  expect(problems([user(1), user(50)], [mirrored(1), dropped])).toEqual(["a mirrored turn was dropped: queue_full"]);
  const failed = mirrored(1, { outcome: "failed", reason: "timeout" });
  expect(problems([user(1)], [failed])).toEqual(["a mirrored turn was failed: timeout"]);
  expect(problems([], [mirrored(1)])).toEqual(["1 mirrored turns are not known as turns of the user"]);
});

test("a pair is incomplete when the user got no whole answer", () => {
  expect(problems([user(1, { fault: "upstream_reset" })], [mirrored(1)])).toEqual([
    "the user got no whole answer: upstream_reset",
  ]);
});

test("a shadow that got a turn before it had answered the one before did not have the same conversation", () => {
  const slow = mirrored(1, { durationMs: 60 });
  expect(problems([user(1), user(50)], [slow, mirrored(50)])).toEqual([
    "the shadow got a turn before it had answered the one before",
  ]);
  expect(problems([user(1), user(50)], [mirrored(1, { durationMs: 50.9 }), mirrored(50)])).toEqual([]);
});

test("what only listened is no turn that could be missing, however it ended", () => {
  const listener = user(50, { fault: "client_aborted", durationMs: 9000 });
  expect(
    problems([user(1), listener], [mirrored(1), mirrored(50, { outcome: "skipped", reason: "listener" })]),
  ).toEqual([]);
});

test("an earlier conversation of the same name is none of the pair's", () => {
  const earlier = user(-5000);
  const pair = judgePair({ session, baseline: [earlier, user(1)], shadow: [mirrored(1)] });
  expect([pair.incompleteBecause, pair.baseline.turns]).toEqual([[], 1]);
});

test("a first turn that was over in a fraction of a millisecond is the pair's, however its clock rounds", () => {
  expect(problems([user(1, { durationMs: 0.3 })], [mirrored(1)])).toEqual([]);
});
