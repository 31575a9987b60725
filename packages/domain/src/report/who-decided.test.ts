import { anAppliedEvent, aRolloutPlan } from "@perch/testkit";
import { expect, test } from "vitest";
import { startRollout } from "../rollout/advance.ts";
import type { AppliedEvent, RolloutEvent } from "../rollout/rollout.ts";
import { whoDecided } from "./who-decided.ts";

function applied(): AppliedEvent {
  const plan = aRolloutPlan({
    analysis: {
      gates: [{ name: "error-rate", kind: "proportion" }],
      webhooks: [
        { type: "confirm-promotion", name: "cab", url: "https://cab.example" },
        { type: "event", url: "https://audit.example" },
      ],
    },
  });
  return anAppliedEvent({ at: 1, plan, forcedBecause: "the gate was wrong" });
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
