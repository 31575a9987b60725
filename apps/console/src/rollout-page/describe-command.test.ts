import { expect, test } from "vitest";
import { sampleRollout } from "../sample/sample-overview.ts";
import { describeCommand } from "./describe-command.ts";

test("a rollback says where new sessions go and what becomes of the pinned ones", () => {
  expect(describeCommand("rollback", sampleRollout("ramping", 40))).toEqual({
    question: "Roll back support to 2.3.0?",
    consequence: "New sessions go to 2.3.0 at once. Sessions pinned to 2.3.1 finish there.",
    verb: "Roll back",
  });
});

test("a promotion by hand names the gates that have not passed", () => {
  expect(describeCommand("promote", sampleRollout("ramping", 40)).consequence).toContain(
    "escalation-rate (inconclusive)",
  );
  expect(describeCommand("promote", sampleRollout("promoted", 0)).consequence).toContain("Every gate passes.");
});

test("an undo says what goes on, and what was found against the canary", () => {
  const announcement = {
    announcedAt: 0,
    executesAt: 1,
    culprits: ["escalation-rate"],
    reason: "escalation-rate shows",
  };
  const promoted = describeCommand("undo", { ...sampleRollout("promoted", 0), announcement });
  expect(promoted.consequence).toContain("2.3.1 stays the current release.");
  expect(promoted.consequence).toContain("because: escalation-rate shows.");
  const paused = describeCommand("undo", { ...sampleRollout("paused", 0), announcement });
  expect(paused.consequence).toContain("2.3.1 gets new sessions again");
});
