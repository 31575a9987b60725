import { expect, test } from "vitest";
import { sampleRollout } from "../sample/sample-overview.ts";
import { describeOutcome, laterRejections } from "./describe-outcome.ts";

const plain = (text: string): string => text.replaceAll("\u202f", " ");

function wordsOf(outcome: ReturnType<typeof describeOutcome>): { headline: string; evidence: string } {
  if (outcome.kind === "open") return { headline: "", evidence: "" };
  return { headline: outcome.headline, evidence: plain(outcome.evidence.join("\n")) };
}

test("a rollout under way has no result", () => {
  expect(describeOutcome(sampleRollout("ramping", 40))).toEqual({ kind: "open" });
  expect(describeOutcome(sampleRollout("paused", 40))).toEqual({ kind: "open" });
});

test("a rollback names the gate and its evidence in words", () => {
  const { headline, evidence } = wordsOf(describeOutcome(sampleRollout("rolledBack", 0)));
  expect(headline).toBe("2.3.1 was rolled back on escalation-rate");
  expect(evidence).toMatch(
    /^escalation-rate: 21\.7 % of 92 canary sessions against 8\.1 % of 1,656 baseline sessions\./,
  );
  expect(evidence).toMatch(/odds 1:\d+ against no harm; the gate rejects at 1:250\.$/);
});

test("a rollback that gateways have not all acknowledged is still under way", () => {
  expect(wordsOf(describeOutcome(sampleRollout("rollingBack", 0))).headline).toContain("is being rolled back");
});

test("a rollback by a person gives that person's reason", () => {
  const rollout = { ...sampleRollout("rolledBack", 0), culprits: [], reason: "customers complain" };
  expect(wordsOf(describeOutcome(rollout))).toEqual({
    headline: "2.3.1 was rolled back",
    evidence: "customers complain",
  });
});

test("a promotion says of every gate how it stands against its margin", () => {
  const { headline, evidence } = wordsOf(describeOutcome(sampleRollout("promoted", 0)));
  expect(headline).toBe("2.3.1 was promoted and is the current release");
  expect(evidence.split("\n")).toHaveLength(3);
  expect(evidence).toContain("not worse than the margin; odds ratio below 1.5");
});

test("an aborted rollout blames nobody", () => {
  expect(wordsOf(describeOutcome(sampleRollout("aborted", 40))).headline).toBe(
    "The rollout was aborted; new sessions go to 2.3.0",
  );
});

test("gates that reject only after the decision are kept apart from the culprits", () => {
  const rollout = { ...sampleRollout("rolledBack", 0), rejectedGates: ["escalation-rate", "error-rate"] };
  expect(laterRejections(rollout)).toEqual(["error-rate"]);
});
