import { expect, test } from "vitest";
import { retirementText } from "./retirement-words.ts";

const nameOf = (digest: string): string => (digest === "sha256:a" ? "2.3.0" : digest);
const textOf = (type: string, body: object) => retirementText({ type, body: { release: "sha256:a", ...body } }, nameOf);

test("each step of a release's way out is told in words", () => {
  expect([
    textOf("drainStarted", { rollout: "support-2-3-1", drain: null, sunset: null }),
    textOf("drainOverdue", { livePins: null }),
    textOf("releaseDrained", {}),
    textOf("drainResumed", { livePins: 1 }),
    textOf("drainResumed", { livePins: null, openTransactions: 2 }),
    textOf("transactionHookCalled", { tool: "refund", id: "r-1", action: "cancel", url: "http://t" }),
    textOf("transactionHookRefused", { tool: "refund", id: "r-1", action: "cancel", detail: "answered 503" }),
    textOf("transactionHookAgreed", { tool: "refund", id: "r-1", action: "transfer" }),
    textOf("drainCancelled", { reason: "it is the current release" }),
    textOf("releaseScaledDown", {}),
    textOf("deploymentHookAnswered", { url: "http://a", action: "scaleDown", status: 204, attempts: 1 }),
    textOf("deploymentHookAnswered", { url: "http://a", action: "delete", status: 204, attempts: 1 }),
    textOf("releaseDecommissioned", {}),
  ]).toEqual([
    "2.3.0 drains, by the file of support-2-3-1",
    "2.3.0 has not drained by its deadline: an unknown number of live pins",
    "2.3.0 has drained",
    "2.3.0 drains again: 1 live pins",
    "2.3.0 drains again: an unknown number of live pins, 2 open transactions",
    "2.3.0 asks to cancel refund's transaction r-1",
    "2.3.0 cannot cancel refund's transaction r-1: answered 503",
    "2.3.0 has agreement to hand over refund's transaction r-1",
    "2.3.0 does not drain any more: it is the current release",
    "2.3.0 has no routes any more",
    "2.3.0 is scaled down at http://a",
    "2.3.0 is deleted at http://a",
    "2.3.0 is decommissioned",
  ]);
});

test("what is about something else is left to others", () => {
  expect(textOf("deploymentRegistered", { url: "http://a" })).toBeNull();
});
