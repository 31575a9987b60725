import { anAppliedEvent, aRolloutFile } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { advance, startRollout } from "./advance.ts";
import { dueHooks } from "./due-hooks.ts";
import { hooksBeforeStart } from "./hooks.ts";
import type { HookAnswer, JudgementSummary, Phase, Rollout, RolloutEvent } from "./rollout.ts";
import { parseRolloutSpec } from "./spec.ts";

type Json = Record<string, unknown>;
const URL_OF = "https://cab.example/ok";

function fileWith(webhooks: readonly Json[]): Json {
  return aRolloutFile({
    steps: [{ setWeight: 5 }, { setWeight: 25 }],
    analysis: { gates: [{ name: "escalation-rate", kind: "proportion" }], webhooks },
  });
}

function aRollout(types: readonly string[], phase: Phase): Rollout {
  const parsed = parseRolloutSpec(fileWith(types.map((type) => ({ type, url: URL_OF }))));
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  const rollout = startRollout(anAppliedEvent({ plan: parsed.plan }));
  return { ...rollout, phase };
}

const ACCEPTED: Omit<HookAnswer, "at"> = { outcome: "accepted", status: 204, attempts: 1, detail: "" };

function answer(hook: string, occasion: string, change: Partial<HookAnswer> = {}): RolloutEvent {
  return { type: "hookAnswered", at: 50, hook, occasion, ...ACCEPTED, ...change };
}

const passing: JudgementSummary = {
  step: 0,
  culprits: [],
  pausing: [],
  canAdvance: true,
  isSampleRatioMismatch: false,
  waitingFor: [],
  logE: {},
};
const baking = (step: number): Phase => ({ kind: "Baking", step, startedAt: 0 });

function dueNames(rollout: Rollout, now = 100): readonly string[] {
  return dueHooks(rollout, now).map(({ kind, hook, occasion }) => `${kind} ${hook.name} ${occasion}`);
}

test("a webhook that the file leaves half open has defaults, and its type for a name", () => {
  const { plan } = aRollout(["confirm-promotion"], { kind: "Pending", isQueued: false });
  expect(plan.webhooks).toEqual([
    {
      name: "confirm-promotion",
      type: "confirm-promotion",
      url: URL_OF,
      timeoutMs: 10_000,
      retries: 8,
      metadata: {},
    },
  ]);
});

test.each([
  ["an unknown type", { type: "confirm", url: URL_OF }, "webhooks.0.type"],
  ["an address that is no web address", { type: "event", url: "ftp://x" }, "expected an http or https URL"],
  ["a password in the address", { type: "event", url: "https://u:p@x.example" }, "without user name and password"],
  ["a timeout beyond a minute", { type: "event", url: URL_OF, timeout: "2m" }, "from 100ms to 60s"],
  ["an unknown field", { type: "event", url: URL_OF, secret: "x" }, 'unknown field "secret"'],
])("refuses %s", (_, webhook, message) => {
  const parsed = parseRolloutSpec(fileWith([webhook]));
  const problems = parsed.kind === "invalid" ? parsed.problems : [];
  expect(problems.map(({ path, message: text }) => `${path.join(".")}: ${text}`).join()).toContain(message);
});

test("two webhooks of one name are refused, since answers are kept by name", () => {
  const parsed = parseRolloutSpec(
    fileWith([
      { type: "event", url: URL_OF },
      { type: "event", url: URL_OF },
    ]),
  );
  expect(parsed.kind === "invalid" ? parsed.problems[0]?.message : "").toContain('second webhook "event"');
});

describe("before anybody meets the canary", () => {
  const preparing = aRollout(["pre-rollout", "confirm-rollout"], { kind: "Preparing" });

  test("confirm-rollout is asked first, then pre-rollout, then nobody", () => {
    expect(dueNames(preparing)).toEqual(["asks confirm-rollout start"]);
    const confirmed = advance(preparing, answer("confirm-rollout", "start"));
    expect(dueNames(confirmed)).toEqual(["asks pre-rollout start"]);
    const ready = advance(confirmed, answer("pre-rollout", "start"));
    expect([dueNames(ready), hooksBeforeStart(ready)]).toEqual([[], []]);
  });

  test("a pre-rollout that was given up fails the rollout, and says so", () => {
    const failed = advance(preparing, answer("pre-rollout", "start", { outcome: "failed", detail: "answered 500" }));
    expect(failed.phase).toEqual({ kind: "Failed" });
    expect(failed.reason).toContain("pre-rollout did not let the rollout begin: answered 500");
  });
});

describe("while a step bakes", () => {
  const types = ["rollout", "confirm-traffic-increase", "confirm-promotion"];
  const now = { type: "timePassed", at: 100 } as const;

  test("the step is held until its webhook and the one for more traffic have agreed", () => {
    const waiting: Rollout = { ...aRollout(types, baking(0)), judgement: passing };
    expect(dueNames(waiting)).toEqual(["asks rollout step-1", "asks confirm-traffic-increase step-2"]);
    expect(advance(waiting, now).phase.kind).toBe("Baking");
    const half = advance(waiting, answer("rollout", "step-1"));
    expect(advance(half, now).phase.kind).toBe("Baking");
    const whole = advance(half, answer("confirm-traffic-increase", "step-2"));
    expect(advance(whole, now).phase).toEqual({ kind: "Shifting", step: 1 });
  });

  test("nobody is asked for more traffic before the gates let the step go", () => {
    const early = aRollout(types, baking(0));
    expect(dueNames(early)).toEqual(["asks rollout step-1"]);
  });

  test("the promotion is held until it is confirmed, and who confirmed it stands in the timeline", () => {
    const last: Rollout = { ...aRollout(["confirm-promotion"], baking(1)), judgement: { ...passing, step: 1 } };
    expect(advance(last, now).phase.kind).toBe("Baking");
    const confirmed = advance(last, answer("confirm-promotion", "promotion"));
    expect(confirmed.timeline.at(-1)).toMatchObject({ actor: "webhook:confirm-promotion" });
    expect(advance(confirmed, now).phase.kind).toBe("Promoting");
  });

  test("a rollback needs no webhook's consent", () => {
    const waiting = aRollout(types, baking(0));
    const back = advance(waiting, { type: "rollbackRequested", at: 100, actor: "ada", reason: "" });
    expect(back.phase.kind).toBe("RollingBack");
  });
});

test("a rollback webhook is polled as long as anybody meets the canary", () => {
  expect(dueNames(aRollout(["rollback"], baking(0)))).toEqual(["polls rollback rollback"]);
  expect(dueNames(aRollout(["rollback"], { kind: "RollingBack" }))).toEqual([]);
});

test("every line of the timeline is told once, and nothing that is older than a day", () => {
  const rollout = aRollout(["event"], { kind: "Pending", isQueued: false });
  expect(dueNames(rollout)).toEqual(["tells event timeline-1"]);
  expect(dueNames(advance(rollout, answer("event", "timeline-1")))).toEqual([]);
  expect(dueNames(rollout, 86_400_000)).toEqual([]);
});

test("the end is told to post-rollout, also when it comes back from a promotion", () => {
  const ended = aRollout(["post-rollout"], { kind: "Preparing" });
  const failed = advance(ended, { type: "preparationFailed", at: 100, reason: "late" });
  expect(dueNames(failed)).toEqual(["tells post-rollout timeline-2"]);
});

test("an answer that comes twice, or from nobody that was asked, changes nothing", () => {
  const rollout = aRollout(["event"], { kind: "Pending", isQueued: false });
  const once = advance(rollout, answer("event", "timeline-1"));
  expect(advance(once, answer("event", "timeline-1", { outcome: "failed" }))).toBe(once);
  expect(advance(rollout, answer("nobody", "timeline-1"))).toBe(rollout);
});

test("an answer of a channel is kept, so that nobody is told twice", () => {
  const rollout = aRollout([], { kind: "Pending", isQueued: false });
  expect(
    advance(rollout, answer("channel/oncall", "timeline-1")).hookAnswers["channel/oncall@timeline-1"],
  ).toMatchObject(ACCEPTED);
});
