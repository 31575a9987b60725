import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { explainPin } from "./explain-pin.ts";
import { parseAgentName, parseGatewayId, parseRolloutId, parseSessionId } from "./ids.ts";
import { placeSession, type FirstContact } from "./place-session.ts";

const current = digestOf("current");
const release = digestOf("canary");
const canary = { rollout: parseRolloutId("support-2-3-1"), step: 1, seed: "s", weightBp: 10_000, release };

function contact(change: { weightBp?: number; hasRollout?: boolean; leaseExpired?: boolean }): FirstContact {
  const { weightBp = 500, hasRollout = true, leaseExpired = false } = change;
  return {
    route: {
      agent: parseAgentName("support"),
      hosts: [],
      pathPrefix: "/support",
      current,
      canary: hasRollout ? { ...canary, weightBp } : null,
      releases: [],
      sessionExtractors: [],
      sessionLearners: [],
      idleTimeoutMs: 1000,
    },
    session: parseSessionId("session-1"),
    revision: { epoch: 1, sequence: 7 },
    gateway: parseGatewayId("gw-1"),
    leaseExpired,
    now: 5,
  };
}

test("a canary session's pin says under which rollout, step, weight and bucket it was drawn", () => {
  const pin = placeSession(contact({ weightBp: 10_000 }));
  expect(pin).toMatchObject({ release, arm: "canary", rollout: "support-2-3-1", step: 1, weightBp: 10_000, seed: "s" });
  expect(explainPin(pin)).toBe(
    `bucket ${pin.bucket} of seed "s" is below the weight of 10000 basis points at step 2 of rollout support-2-3-1, so it went to the canary`,
  );
});

test("a baseline session assigned during a rollout is its concurrent control: it carries rollout and step too", () => {
  const pin = placeSession(contact({ weightBp: 0 }));
  expect(pin).toMatchObject({ release: current, arm: "baseline", rollout: "support-2-3-1", step: 1 });
  expect(explainPin(pin)).toContain("not below the weight of 0 basis points");
});

test("a session assigned after the lease ran out is nobody's control", () => {
  const pin = placeSession(contact({ weightBp: 10_000, leaseExpired: true }));
  expect(pin).toMatchObject({ release: current, arm: "baseline", rollout: null, step: null, weightBp: null });
  expect(explainPin(pin)).toContain("lease had run out");
});

test("a session without a rollout has neither bucket nor seed", () => {
  const pin = placeSession(contact({ hasRollout: false }));
  expect(pin).toMatchObject({ release: current, bucket: null, seed: null, rollout: null });
  expect(explainPin(pin)).toContain("no rollout was under way");
});
