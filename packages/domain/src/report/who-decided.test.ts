import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { parseRolloutId } from "../routing/ids.ts";
import { startRollout } from "../rollout/advance.ts";
import type { AppliedEvent, RolloutEvent } from "../rollout/rollout.ts";
import { parseRolloutSpec } from "../rollout/spec.ts";
import { whoDecided } from "./who-decided.ts";

function applied(): AppliedEvent {
  const parsed = parseRolloutSpec({
    apiVersion: "perch.dev/v1",
    kind: "Rollout",
    metadata: { name: "support-2-3-1" },
    spec: {
      agent: "support",
      release: "2.3.1",
      steps: [{ setWeight: 5 }],
      analysis: {
        gates: [{ name: "error-rate", kind: "proportion" }],
        webhooks: [
          { type: "confirm-promotion", name: "cab", url: "https://cab.example" },
          { type: "event", url: "https://audit.example" },
        ],
      },
    },
  });
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  return {
    type: "applied",
    at: 1,
    actor: "ada",
    rollout: parseRolloutId("support-2-3-1"),
    plan: parsed.plan,
    baseline: { digest: digestOf("2.3.0"), version: "2.3.0" },
    canary: { digest: digestOf("2.3.1"), version: "2.3.1" },
    seed: "seed",
    forcedBecause: "the gate was wrong",
    isSynthetic: false,
  };
}

test("people and webhooks that had a say are told, the controller and mere receivers are not", () => {
  const answer = { status: 204, attempts: 1, outcome: "accepted" as const, detail: "" };
  const events: RolloutEvent[] = [
    applied(),
    { type: "timePassed", at: 2 },
    { type: "pauseRequested", at: 3, actor: "bob", reason: "lunch" },
    { type: "hookAnswered", at: 4, hook: "event", occasion: "timeline-1", ...answer },
    { type: "hookAnswered", at: 5, hook: "cab", occasion: "promotion", ...answer },
    { type: "rollbackRequested", at: 6, actor: "webhook:pager", reason: "" },
  ];
  expect(whoDecided(events, startRollout(applied()))).toEqual([
    { at: 1, actor: "ada", did: "start", why: "the gate was wrong" },
    { at: 3, actor: "bob", did: "pause", why: "lunch" },
    { at: 5, actor: "webhook:cab", did: "agree", why: "confirm-promotion, promotion" },
    { at: 6, actor: "webhook:pager", did: "rollback", why: "" },
  ]);
});
