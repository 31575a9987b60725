import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createMirrorStage } from "../it/mirror-stage.ts";

const LIMITS = { requestBytes: 400, queueBytes: 900, queued: 5, inFlight: 2, sessions: 3 };
const anyStep = fc.record({
  what: fc.constantFrom("ask", "ask late", "pass on", "answer", "answer", "break", "settle"),
  session: fc.nat(4),
  size: fc.nat(500),
});
type Step = typeof anyStep extends fc.Arbitrary<infer One> ? One : never;

const sessionOf = ({ head }: { readonly head: string }) => /x-perch-session: (\S+)/.exec(head)?.[1];

/** Users and a shadow that do as they like. Shadows answer in the order in which they were asked. */
function createPlay() {
  const stage = createMirrorStage({ limits: LIMITS });
  const open: ReturnType<typeof stage.ask>[] = [];
  let [turns, ended] = [0, 0];

  function endNext(how: "answer" | "break"): void {
    const next = stage.sent[ended];
    if (next === undefined) return;
    ended += 1;
    if (how === "answer") next.answer("ok");
    else next.breakOff();
  }

  function ask({ session, size }: Step): ReturnType<typeof stage.ask> {
    turns += 1;
    return stage.ask({ session: `s${session}`, body: `${turns}:`.padEnd(size + 4, "x") });
  }

  const play: Record<Step["what"], (step: Step) => void> = {
    ask: (step) => ask(step).passOn(),
    "ask late": (step) => void open.push(ask(step)),
    "pass on": () => open.shift()?.passOn(),
    answer: () => endNext("answer"),
    break: () => endNext("break"),
    settle: () => stage.settle(),
  };
  return {
    stage,
    underWay: () => stage.sent.slice(ended).filter(({ isAborted }) => !isAborted),
    step: (step: Step) => play[step.what](step),
    finish: () => {
      for (const asked of open) asked.passOn();
      stage.settle();
      while (ended < stage.sent.length) {
        endNext("answer");
        stage.settle();
      }
    },
  };
}

test("never holds more than its limits, and never has two turns of a session under way", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80, size: "max" }), (steps) => {
      const { stage, step, underWay } = createPlay();
      for (const one of steps) {
        step(one);
        const { queueBytes, queued, inFlight } = stage.mirror.status();
        expect(queueBytes).toBeLessThanOrEqual(LIMITS.queueBytes);
        expect(queued + inFlight).toBeLessThanOrEqual(LIMITS.queued);
        expect(inFlight).toBeLessThanOrEqual(LIMITS.inFlight);
        expect(new Set(underWay().map(sessionOf)).size).toBe(inFlight);
      }
    }),
  );
});

test("a session that is forgotten takes what is under way with it, counted once", () => {
  const stage = createMirrorStage({ limits: { sessions: 1 } });
  stage.ask({ session: "s1" }).passOn();
  stage.settle();
  const another = stage.ask({ session: "s2" });
  expect(stage.sent[0]?.isAborted).toBe(true);
  expect(stage.records.map(({ session, outcome, reason }) => [session, outcome, reason])).toEqual([
    ["s1", "failed", "queue_full"],
  ]);
  another.passOn();
  stage.settle();
  expect(stage.mirror.status()).toMatchObject({ queued: 0, inFlight: 1 });
});

test("always sends the turns of a session in order, each once, and always lets go of everything", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80, size: "max" }), (steps) => {
      const { stage, step, finish } = createPlay();
      for (const one of steps) step(one);
      finish();
      expect(stage.mirror.status()).toMatchObject({ queueBytes: 0, queued: 0, inFlight: 0 });
      for (const own of Map.groupBy(stage.sent, sessionOf).values()) {
        const numbers = own.map(({ body }) => Number.parseInt(body, 10));
        expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
      }
    }),
  );
});
