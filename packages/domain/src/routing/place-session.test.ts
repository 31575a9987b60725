import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { bucketOf } from "./assign.ts";
import { explainPin } from "./explain-pin.ts";
import { parseAgentName, parseGatewayId, parseRolloutId, parseSessionId } from "./ids.ts";
import { placeSession, type Candidate, type FirstContact } from "./place-session.ts";
import type { IntentStrategy, Strategy } from "./strategy.ts";
import type { IntentTargeting } from "./targeting.ts";

const current = digestOf("current");
const release = digestOf("canary");
const rollout = parseRolloutId("support-2-3-1");
const canary = { rollout, step: 1, seed: "s", weightBp: 10_000, release };

type Change = {
  readonly weightBp?: number;
  readonly hasRollout?: boolean;
  readonly leaseExpired?: boolean;
  readonly strategy?: Strategy;
  readonly candidate?: Candidate;
  readonly session?: string;
};

function contact(change: Change): FirstContact {
  const { weightBp = 500, hasRollout = true, leaseExpired = false, strategy = { kind: "session" } } = change;
  return {
    route: {
      agent: parseAgentName("support"),
      hosts: [],
      pathPrefix: "/support",
      refuses: null,
      current,
      withoutLease: current,
      canary: hasRollout ? { ...canary, weightBp, strategy } : null,
      mirror: null,
      releases: [],
      sessionExtractors: [],
      sessionLearners: [],
      idleTimeoutMs: 1000,
      moves: [],
    },
    session: parseSessionId(change.session ?? "session-1"),
    candidate: change.candidate ?? null,
    revision: { epoch: 1, sequence: 7 },
    gateway: parseGatewayId("gw-1"),
    leaseExpired,
    now: 5,
  };
}

test("a canary session's pin says under which rollout, step, weight and bucket it was drawn", () => {
  const pin = placeSession(contact({ weightBp: 9999 }));
  expect(pin).toMatchObject({ release, arm: "canary", rollout: "support-2-3-1", step: 1, weightBp: 9999, seed: "s" });
  expect(explainPin(pin)).toBe(
    `bucket ${pin.bucket} of seed "s" is below the weight of 9999 basis points at step 2 of rollout support-2-3-1, so it went to the canary`,
  );
});

test("a session that everybody's weight drew says that this was a promotion", () => {
  expect(explainPin(placeSession(contact({ weightBp: 10_000 })))).toMatch(
    /is below the weight of 10000 basis points since the promotion of rollout support-2-3-1, so it went to the canary$/,
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

const users: Strategy = { kind: "user", userKey: [{ kind: "header", name: "x-user-id" }] };
const intents: IntentStrategy = {
  kind: "intent",
  include: ["refund.*"],
  minConfidence: 0.8,
  text: [],
  classifier: { kind: "rules", name: "support-intents", version: "3", rules: [] },
  auditBp: 100,
};
const ofUser = (id: string): Candidate => ({
  key: { kind: "user", id },
  targeting: { kind: "user", rollout, place: "header:x-user-id" },
});
const targeted = (change: Partial<IntentTargeting>): IntentTargeting => ({
  kind: "intent",
  rollout,
  classifier: "support-intents@3",
  outcome: "eligible",
  intent: "refund.request",
  confidence: 0.9,
  ...change,
});

describe("drawing users", () => {
  test("all new sessions of one user always meet the same arm, whatever they are called", () => {
    const name = fc.stringMatching(/^[a-z0-9]{1,20}$/);
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.tuple(name, name),
        fc.nat({ max: 10_000 }),
        (user, names, weightBp) => {
          const [one, two] = names.map((session) =>
            placeSession(contact({ strategy: users, candidate: ofUser(user), session, weightBp })),
          );
          expect([two?.arm, two?.bucket, two?.rollout]).toEqual([one?.arm, one?.bucket, "support-2-3-1"]);
        },
      ),
    );
  });

  test("a user who met the canary always meets it with the next session too while the weight grows", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat({ max: 10_000 }), fc.nat({ max: 10_000 }), (user, a, b) => {
        const armAt = (weightBp: number) =>
          placeSession(contact({ strategy: users, candidate: ofUser(user), weightBp })).arm;
        fc.pre(armAt(Math.min(a, b)) === "canary");
        expect(armAt(Math.max(a, b))).toBe("canary");
      }),
    );
  });

  test("the pin says where the user's id stood, and never the id", () => {
    const pin = placeSession(contact({ strategy: users, candidate: ofUser("ada@example.org"), weightBp: 10_000 }));
    expect(JSON.stringify(pin)).not.toContain("ada");
    expect(explainPin(pin)).toMatch(/^the user in header:x-user-id was drawn: bucket \d+ of seed "s" is below/);
  });

  test("who names no user goes to the baseline, outside the comparison", () => {
    const candidate: Candidate = { key: null, targeting: { kind: "user", rollout, place: null } };
    const pin = placeSession(contact({ strategy: users, candidate, weightBp: 10_000 }));
    expect(pin).toMatchObject({
      release: current,
      arm: "baseline",
      rollout: null,
      step: null,
      bucket: null,
      seed: null,
    });
    expect(explainPin(pin)).toContain("the request named none (unkeyed)");
  });

  test("a user of a gateway that was cut off meets the baseline", () => {
    const pin = placeSession(
      contact({ strategy: users, candidate: ofUser("ada"), weightBp: 10_000, leaseExpired: true }),
    );
    expect(pin).toMatchObject({ arm: "baseline", rollout: null });
    expect(explainPin(pin)).toContain("lease had run out");
  });
});

describe("drawing intents", () => {
  test("a session with an included intent is drawn by its own id, as if every session were drawn", () => {
    const change = { strategy: intents, candidate: { key: { kind: "session" }, targeting: targeted({}) } } as const;
    const pin = placeSession(contact({ ...change, weightBp: 10_000 }));
    expect(pin).toMatchObject({ arm: "canary", rollout: "support-2-3-1" });
    expect(pin.bucket).toBe(placeSession(contact({})).bucket);
    expect(explainPin(pin)).toMatch(
      /^classifier support-intents@3 took its first turn for refund.request with confidence 0.9, which the rollout includes: bucket \d+/,
    );
  });

  test.each([
    [
      targeted({ outcome: "notIncluded", intent: "billing" }),
      "took its first turn for billing with confidence 0.9, which",
    ],
    [
      targeted({ outcome: "lowConfidence", confidence: 0.4 }),
      "was not sure enough (refund.request with confidence 0.4)",
    ],
    [targeted({ outcome: "timeout", intent: null, confidence: null }), "did not answer in time, so it went"],
    [targeted({ outcome: "versionMismatch", intent: null, confidence: null }), "answered as another version"],
  ])("every other session goes to the baseline, outside the comparison, and its pin says why: %#", (targeting, why) => {
    const pin = placeSession(contact({ strategy: intents, candidate: { key: null, targeting }, weightBp: 10_000 }));
    expect(pin).toMatchObject({ release: current, arm: "baseline", rollout: null, bucket: null, targeting });
    expect(explainPin(pin)).toContain(why);
  });

  test("what was found out for a rollout that is over by then draws nobody", () => {
    const targeting = targeted({ rollout: parseRolloutId("earlier") });
    const candidate: Candidate = { key: { kind: "session" }, targeting };
    const pin = placeSession(contact({ strategy: intents, candidate, weightBp: 10_000 }));
    expect(pin).toMatchObject({ arm: "baseline", rollout: null, targeting: { outcome: "overtaken", rollout } });
    expect(placeSession(contact({ candidate, hasRollout: false }))).toMatchObject({ targeting: null, bucket: null });
  });
});
