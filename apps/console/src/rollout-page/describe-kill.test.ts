import { expect, test } from "vitest";
import { describeKill, describeRevival } from "./describe-kill.ts";

test("the kill switch says that sessions under way are refused too, and that only a person ends it", () => {
  const { question, consequence } = describeKill("support");
  expect(question).toBe("Take support off the air?");
  expect(consequence).toContain("sessions under way included, until a person lets it serve again");
});

test("the way back says that the rollout stays paused", () => {
  expect(describeRevival("support").consequence).toContain("stays paused until somebody resumes it");
});
