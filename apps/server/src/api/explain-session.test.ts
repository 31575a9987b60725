import { bucketOf, digestOf, parseAgentName, parseGatewayId, parseRolloutId, parseSessionId } from "@perch/domain";
import type { RecordedSession, Rollout } from "@perch/domain";
import { expect, test } from "vitest";
import { explainByPin, explainByRecords, type Background } from "./explain-session.ts";

const [OLD, NEW] = [digestOf("2.3.0"), digestOf("2.3.1")];
const recorded: RecordedSession = {
  agent: parseAgentName("support"),
  session: parseSessionId("s-1"),
  first: {
    at: 1000,
    gateway: parseGatewayId("gw-1"),
    release: NEW,
    arm: "canary",
    rollout: parseRolloutId("r-1"),
    step: 1,
  },
  byRelease: [
    { release: NEW, turns: 2, firstAt: 1000, lastAt: 3000 },
    { release: OLD, turns: 1, firstAt: 4000, lastAt: 5000 },
  ],
  isEnded: true,
  matured: { at: 9000, endedBy: "signal" },
};
const rollout = { seed: "seed", plan: { steps: [{ weightBp: 500 }, { weightBp: 9999 }] } } as unknown as Rollout;
const background: Background = {
  record: null,
  rollout: (id) => (id === "r-1" ? rollout : null),
  moved: new Set(),
};

test("what is over is drawn again with the seed and the weight of the ledger", () => {
  const bucket = bucketOf("seed", "s-1");
  expect(explainByRecords(recorded, background)).toMatchObject({
    source: "records",
    weightBp: 9999,
    seed: "seed",
    bucket,
    rule: `bucket ${bucket} of seed "seed" is below the weight of 9999 basis points at step 2 of rollout r-1, so it went to the canary`,
    records: { turns: 3, firstAt: 1000, lastAt: 5000, isEnded: true, maturedAt: 9000, endedBy: "signal" },
  });
});

test("a session that began after the promotion is told as such", () => {
  const since = explainByRecords({ ...recorded, first: { ...recorded.first, step: 2 } }, background);
  expect(since.weightBp).toBe(10_000);
  expect(since.rule).toMatch(/is below the weight of 10000 basis points since the promotion of rollout r-1/);
});

test("a session of no rollout, or of one that is not in the ledger, was drawn by nobody that is known", () => {
  const nobody = { ...recorded, first: { ...recorded.first, rollout: null, step: null } };
  for (const session of [nobody, recorded]) {
    const explained = explainByRecords(session, { ...background, rollout: () => null });
    expect(explained).toMatchObject({ seed: null, bucket: null, weightBp: null });
    expect(explained.rule).toContain("no draw of a rollout is recorded");
  }
});

test("turns at another release than the pin's are named, whichever came first", () => {
  const { byRelease } = recorded;
  const pin = {
    agent: "support",
    session: "s-1",
    version: null,
    arm: "canary" as const,
    rollout: null,
    step: null,
    weightBp: null,
    bucket: null,
    seed: null,
    revision: { epoch: 1, sequence: 1 },
    gateway: "gw-1",
    assignedAt: 0,
    override: null,
    targeting: null,
    moved: null,
    rule: "",
    alias: null,
    expiresAt: 1,
    idleTimeoutMs: 1,
  };
  const disagreements = (release: string) =>
    explainByPin({ ...pin, release }, recorded, background).disagreements.map(({ turns }) => turns);
  expect(disagreements(NEW)).toEqual([byRelease[1]?.turns]);
  expect(disagreements(OLD)).toEqual([byRelease[0]?.turns]);
  const led: Background = { ...background, moved: new Set([OLD, NEW]) };
  expect(explainByPin({ ...pin, release: NEW }, recorded, led).disagreements).toEqual([]);
  expect(explainByPin({ ...pin, release: NEW }, null, background)).toMatchObject({ records: null, disagreements: [] });
});
