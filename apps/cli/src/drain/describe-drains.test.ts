import { agentViewSchema } from "@perch/api";
import { expect, test } from "vitest";
import { describeDrains } from "./describe-drains.ts";

const HOUR = 3_600_000;
const retirement = {
  stage: "draining",
  rollout: "support-2-3-1",
  since: 0,
  deadline: 2 * HOUR,
  onDeadline: "migrate",
  overdueSince: null,
  openTransactions: { count: 0, oldest: [] },
  waitsFor: ["2 sessions that are pinned to it", "at the latest 1970-01-01T02:00:00.000Z, then: migrate"],
};

function anAgent(...releases: readonly object[]) {
  return agentViewSchema.parse({
    agent: "support",
    pathPrefix: "/support",
    current: null,
    activeRollout: null,
    releases: releases.map((release) => ({
      release: { digest: "sha256:a", version: "2.3.0" },
      status: "Draining",
      livePins: 2,
      quarantined: false,
      urls: ["http://a"],
      ...release,
    })),
  });
}

test("a drain shows who is left, since when, and what it waits for", () => {
  expect(describeDrains([anAgent({ retirement })], HOUR)).toBe(
    [
      "support@2.3.0  Draining  since 1 h, by the file of support-2-3-1",
      "live pins  2",
      "runs at    http://a",
      "waits for  2 sessions that are pinned to it",
      "           at the latest 1970-01-01T02:00:00.000Z, then: migrate",
    ].join("\n"),
  );
});

test("a drain lists the transactions that it waits for, the oldest first, and what their tools said", () => {
  const one = { tool: "refund", id: "r-1", session: "s-1", openedAt: 0, isOfUnknownRelease: false };
  const call = { action: "cancel", standing: "refused", detail: "answered 503" };
  const oldest = [
    { ...one, call },
    { ...one, id: "r-2", isOfUnknownRelease: true },
  ];
  const openTransactions = { count: 7, oldest };
  expect(describeDrains([anAgent({ retirement: { ...retirement, openTransactions } })], HOUR)).toContain(
    [
      "open       refund r-1 of session s-1, since 1 h; cancel refused: answered 503",
      "           refund r-2 of session s-1, since 1 h, of a release that is not known",
      "           and 5 more",
    ].join("\n"),
  );
  expect(describeDrains([anAgent({ retirement: { ...retirement, openTransactions: null } })], HOUR)).toContain(
    "open       unknown",
  );
});

test("a number that nobody knows is unknown, and what runs nowhere says so", () => {
  const scaledDown = { ...retirement, stage: "scaledDown", overdueSince: HOUR, waitsFor: [] };
  const text = describeDrains(
    [anAgent({ status: "Drained", livePins: null, urls: [], retirement: scaledDown })],
    2 * HOUR,
  );
  expect(text).toContain("support@2.3.0  Drained (scaled down, late)");
  expect(text).toContain("live pins  unknown");
  expect(text).toContain("runs at    nowhere");
});

test("a release whose file asked for nothing says that nothing comes next", () => {
  expect(describeDrains([anAgent({})], 0)).toContain("its rollout's file has neither drain nor sunset");
});

test("without any drain it says so", () => {
  expect(describeDrains([anAgent({ status: "Current" })], 0)).toContain("no release is draining");
});
