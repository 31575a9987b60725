import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { bucketOf } from "./assign.ts";
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
      mirror: null,
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
    `bucket ${pin.bucket} of seed "s" is below the weight of 10000 basis points at step 1 of rollout support-2-3-1, so it went to the canary`,
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

test("a share of new baseline sessions is mirrored, by the bucket of the rollout's seed, and a larger share only adds", () => {
  const release = digestOf("shadow");
  const caps = { sessions: 1, turns: 1, requestBytes: 1 };
  const mirror = { rollout: parseRolloutId("shadow"), seed: "s", percentageBp: 0, release, timeoutMs: 1, caps };
  const placed = (index: number, percentageBp: number, leaseExpired = false) => {
    const first = contact({ hasRollout: false, leaseExpired });
    const session = parseSessionId(`session-${index}`);
    return placeSession({ ...first, session, route: { ...first.route, mirror: { ...mirror, percentageBp } } });
  };
  const indexes = Array.from({ length: 500 }, (_, index) => index);
  const mirrored = (percentageBp: number) => indexes.filter((index) => placed(index, percentageBp).shadow !== null);
  const few = mirrored(1000);
  expect(few).toEqual(indexes.filter((index) => bucketOf("s", `session-${index}`) < 1000));
  expect(mirrored(3000)).toEqual(expect.arrayContaining(few));
  const [one = 0] = few;
  // It stays a session of no rollout: nothing that judges sessions may take it for one of its own.
  expect(placed(one, 1000)).toMatchObject({
    release: current,
    arm: "baseline",
    rollout: null,
    step: null,
    shadow: { rollout: "shadow", release },
  });
  expect(placed(one, 1000, true).shadow).toBeNull();
});
