import { describe, expect, test } from "vitest";
import { createMirrorStage } from "../it/mirror-stage.ts";
import { A_MIRROR, BASELINE, CANARY } from "../it/tables.ts";

type Stage = ReturnType<typeof createMirrorStage>;
type Case = {
  readonly outcome: string;
  readonly what: string;
  readonly options?: Parameters<typeof createMirrorStage>[0];
  readonly happen?: (stage: Stage) => void;
};

const NOTHING_HELD = { queueBytes: 0, queued: 0, inFlight: 0 };
const outcomes = ({ records }: Stage) =>
  records.map(({ outcome, reason }) => (reason === null ? outcome : `${outcome}: ${reason}`));

function askOnce(stage: Stage): void {
  stage.ask({ body: "x".repeat(100) }).passOn();
  stage.settle();
}

const capped = (caps: Partial<typeof A_MIRROR.caps>) => ({
  route: { mirror: { ...A_MIRROR, caps: { ...A_MIRROR.caps, ...caps } } },
});
const undeployed = [
  { release: BASELINE, version: "2.3.0", urls: [] },
  { release: CANARY, version: "2.3.1", urls: [] },
];

const CASES: readonly Case[] = [
  { outcome: "dropped: body_too_large", what: "a body that is too large", options: { limits: { requestBytes: 99 } } },
  { outcome: "dropped: queue_full", what: "too many bytes held", options: { limits: { queueBytes: 99 } } },
  { outcome: "dropped: queue_full", what: "no place in the queue", options: { limits: { queued: 0 } } },
  { outcome: "dropped: websocket", what: "a WebSocket", happen: (stage) => void stage.ask({ isWebSocket: true }) },
  {
    outcome: "dropped: not_passed_on",
    what: "a request that never reached the user's agent",
    happen: (stage) => stage.ask().answer("busy"),
  },
  { outcome: "dropped: cap_reached", what: "a cap on sessions", options: capped({ sessions: 0 }) },
  { outcome: "dropped: cap_reached", what: "a cap on turns", options: capped({ turns: 0 }) },
  { outcome: "dropped: cap_reached", what: "a cap on bytes", options: capped({ requestBytes: 99 }) },
  { outcome: "dropped: mirror_ended", what: "a table that no longer mirrors", options: { route: { mirror: null } } },
  { outcome: "failed: unreachable", what: "a shadow that is down", options: { isDead: true } },
  { outcome: "failed: not_deployed", what: "a shadow that runs nowhere", options: { route: { releases: undeployed } } },
  {
    outcome: "failed: reset",
    what: "a shadow that breaks off",
    happen(stage) {
      askOnce(stage);
      stage.sent[0]?.breakOff();
    },
  },
  {
    outcome: "failed: timeout",
    what: "a shadow that hangs",
    happen(stage) {
      askOnce(stage);
      stage.pass(60_000);
    },
  },
  {
    outcome: "failed: answer_too_large",
    what: "a shadow that floods",
    options: { limits: { answerBytes: 10 } },
    happen(stage) {
      askOnce(stage);
      stage.sent[0]?.say(11);
    },
  },
];

describe("a turn that is missing ends the mirror of its session:", () => {
  test.each(CASES)("$what", ({ options, outcome, happen = askOnce }) => {
    const stage = createMirrorStage(options);
    happen(stage);
    expect(outcomes(stage)).toEqual([outcome]);
    expect(stage.mirror.status()).toMatchObject({ abandoned: 1, ...NOTHING_HELD });
    // One record says it all; what comes after is only counted.
    const sentBefore = stage.sent.length;
    expect(stage.ask({ body: "later" }).mirrored).toBeNull();
    stage.settle();
    expect([stage.sent.length, stage.records.length]).toEqual([sentBefore, 1]);
    expect(stage.mirror.status().dropped["session_abandoned"]).toBe(1);
  });

  test("what had been waiting is let go of, and other sessions go on", () => {
    const stage = createMirrorStage();
    for (const body of ["first", "second", "third"]) stage.ask({ body }).passOn();
    stage.ask({ session: "other", body: "other" }).passOn();
    stage.settle();
    stage.sent[0]?.breakOff();
    stage.sent[1]?.answer("ok");
    stage.settle();
    expect(stage.sent.map(({ body }) => body)).toEqual(["first", "other"]);
    expect(outcomes(stage)).toEqual(["failed: reset", "answered"]);
    expect(stage.mirror.status()).toMatchObject({ abandoned: 1, dropped: { session_abandoned: 2 }, ...NOTHING_HELD });
  });
});
