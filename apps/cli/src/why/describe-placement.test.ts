import type { PlacementView } from "@perch/api";
import { expect, test } from "vitest";
import { describeAsked, describePlacement } from "./describe-placement.ts";

const NOW = 600_000;
const pinned: PlacementView = {
  agent: "support",
  session: "chat-17",
  alias: "resp_1",
  source: "pin",
  release: { digest: "sha256:9f", version: "2.3.1" },
  arm: "canary",
  rollout: "r-1",
  step: 0,
  weightBp: 500,
  bucket: 217,
  seed: "s",
  revision: { epoch: 1, sequence: 7 },
  gateway: "gw-1",
  assignedAt: 0,
  override: null,
  rule: "because",
  expiresAt: NOW + 90_000,
  idleTimeoutMs: 1_800_000,
  records: { turns: 4, firstAt: 0, lastAt: 540_000, isEnded: false, maturedAt: null, endedBy: null },
  disagreements: [],
};

test("a pinned session is explained line by line", () => {
  expect(describePlacement(pinned, NOW)).toBe(
    [
      "session   chat-17 of support, also known as resp_1",
      "release   2.3.1  sha256:9f",
      "arm       canary of rollout r-1, step 1 at 5 %",
      "why       because",
      'draw      seed "s", bucket 217 of 10000, weight 500 basis points',
      "pinned    1970-01-01T00:00:00.000Z (10 min ago) by gateway gw-1, by table 1.7",
      "expires   in 1 min 30 s unless there is a turn; renewed by its turns, kept 30 min after the last",
      "turns     4, the last 1970-01-01T00:09:00.000Z (1 min ago)",
    ].join("\n"),
  );
});

test("a session that everybody's weight drew is told as one since the promotion", () => {
  expect(describePlacement({ ...pinned, step: 2, weightBp: 10_000 }, NOW)).toMatch(
    /^arm {7}canary of rollout r-1, since its promotion$/m,
  );
});

test("a session that is over says so, and promises no expiry", () => {
  const over = { turns: 2, firstAt: 0, lastAt: 0, isEnded: true, maturedAt: 1000, endedBy: "signal" as const };
  const text = describePlacement({ ...pinned, source: "records", revision: null, expiresAt: null, records: over }, NOW);
  expect(text).toContain("(its pin is gone or out of reach: from the turn records)");
  expect(text).toContain("turns     2, the last 1970-01-01T00:00:00.000Z (10 min ago), over (ended)");
  expect(text).not.toMatch(/^expires|by table/m);
});

test("turns at another release than the pin's are a warning", () => {
  const release = { digest: "sha256:4b", version: "2.3.0" };
  const text = describePlacement({ ...pinned, disagreements: [{ release, turns: 3, firstAt: 0, lastAt: 1000 }] }, NOW);
  expect(text).toContain(
    "WARNING   3 of its turns are recorded at 2.3.0  sha256:4b, from 1970-01-01T00:00:00.000Z to 1970-01-01T00:00:01.000Z",
  );
});

test("where was looked is one line each", () => {
  const asked = [
    { where: "gateway gw-1", outcome: "no live pin", isAnswer: true },
    { where: "server", outcome: "away", isAnswer: false },
  ];
  expect(describeAsked(asked)).toBe("  gateway gw-1  no live pin\n  server        away");
});
