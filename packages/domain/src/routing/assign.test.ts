import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import { armOf, assign, bucketOf, BUCKETS, isMatchedControl } from "./assign.ts";
import { RoutingError } from "./error.ts";
import { parseAgentName, parseRolloutId } from "./ids.ts";
import type { AgentRoute } from "./routing-table.ts";

type Vector = { seed: string; key: string; weightBp: number; bucket: number; arm: string; matchedControl: boolean };
const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL("__fixtures__/assignment-vectors.json", import.meta.url), "utf8"),
);

const current = digestOf("current");
const canary = digestOf("canary");
const weights = fc.integer({ min: 0, max: BUCKETS });

function routeAt(weightBp: number): AgentRoute {
  return {
    agent: parseAgentName("support"),
    hosts: [],
    pathPrefix: "/support",
    refuses: null,
    current,
    withoutLease: current,
    canary: {
      rollout: parseRolloutId("r1"),
      step: 2,
      seed: "s",
      weightBp,
      release: canary,
      strategy: { kind: "session" },
    },
    mirror: null,
    releases: [],
    sessionExtractors: [],
    sessionLearners: [],
    idleTimeoutMs: 1000,
    moves: [],
  };
}

describe("the published assignment function", () => {
  test("agrees with every test vector, which another language's implementation wrote", () => {
    expect(vectors.length).toBeGreaterThan(200);
    for (const { seed, key, weightBp, ...wanted } of vectors) {
      const bucket = bucketOf(seed, key);
      const matchedControl = isMatchedControl(bucket, weightBp);
      expect({ bucket, arm: armOf(bucket, weightBp), matchedControl }).toEqual(wanted);
    }
  });

  test("always gives the same bucket for the same seed and key, inside the range", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (seed, key) => {
        const bucket = bucketOf(seed, key);
        expect(bucketOf(seed, key)).toBe(bucket);
        expect(Number.isInteger(bucket) && bucket >= 0 && bucket < BUCKETS).toBe(true);
      }),
    );
  });

  test("never takes a key out of the canary when the weight grows", () => {
    fc.assert(
      fc.property(fc.string(), weights, weights, (key, a, b) => {
        const bucket = bucketOf("seed", key);
        fc.pre(armOf(bucket, Math.min(a, b)) === "canary");
        expect(armOf(bucket, Math.max(a, b))).toBe("canary");
      }),
    );
  });

  test("never moves a key whose weight stood still meanwhile: any sequence of weights that ends where it began", () => {
    fc.assert(
      fc.property(fc.string(), weights, fc.array(weights), (key, weight, detour) => {
        const arms = [weight, ...detour, weight].map((weightBp) => armOf(bucketOf("seed", key), weightBp));
        expect(arms.at(-1)).toBe(arms[0]);
      }),
    );
  });

  test("never has a key in the canary and in its matched control, which grows with it and has its size up to a half", () => {
    const sizeAt = (weightBp: number): number =>
      Array.from({ length: BUCKETS }, (_, bucket) => isMatchedControl(bucket, weightBp)).filter(Boolean).length;
    fc.assert(
      fc.property(fc.nat({ max: BUCKETS - 1 }), weights, weights, (bucket, a, b) => {
        const [small, large] = [Math.min(a, b), Math.max(a, b)];
        fc.pre(isMatchedControl(bucket, small));
        expect(armOf(bucket, small)).toBe("baseline");
        expect(isMatchedControl(bucket, large) || armOf(bucket, large) === "canary").toBe(true);
      }),
    );
    expect([0, 1, 500, 5000, 7500, BUCKETS].map(sizeAt)).toEqual([0, 1, 500, 5000, 2500, 0]);
  });

  test("fills a hundred equal parts of the buckets alike: chi-squared of 50,000 keys, whatever the seed", () => {
    for (const seed of ["", "a", "support-2-3-1"]) {
      const counts = Array.from({ length: 100 }, () => 0);
      for (let key = 0; key < 50_000; key += 1) {
        const part = Math.floor(bucketOf(seed, `user-${key}`) / 100);
        counts[part] = (counts[part] ?? 0) + 1;
      }
      const chiSquared = counts.reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0);
      // 99 degrees of freedom: above 170 once in 80,000 times.
      expect(chiSquared).toBeLessThan(170);
    }
  });

  test("spreads keys evenly: 20,000 sessions at 5 % stay within five standard deviations", () => {
    const hits = Array.from({ length: 20_000 }, (_, index) => bucketOf("even", `session-${index}`)).filter(
      (bucket) => armOf(bucket, 500) === "canary",
    );
    expect(Math.abs(hits.length - 1000)).toBeLessThan(5 * Math.sqrt(20_000 * 0.05 * 0.95));
  });

  test.each([-1, 10_001, 0.5, Number.NaN])("refuses a weight of %s basis points", (weightBp) => {
    expect(() => armOf(1, weightBp)).toThrow(RoutingError);
  });
});

describe("assigning a session", () => {
  test("never meets the canary at weight 0, always at weight 10000", () => {
    fc.assert(
      fc.property(fc.string(), (key) => {
        expect(assign(routeAt(0), key, false).release).toBe(current);
        expect(assign(routeAt(BUCKETS), key, false).release).toBe(canary);
      }),
    );
  });

  test("never meets the canary after the lease ran out, and does not count as the rollout's baseline", () => {
    fc.assert(
      fc.property(fc.string(), weights, (key, weightBp) => {
        const assignment = assign(routeAt(weightBp), key, true);
        expect(assignment).toEqual({ release: current, arm: "baseline", canary: null, bucket: bucketOf("s", key) });
      }),
    );
  });

  test("goes back to the release before a promotion when the lease ran out, under a rollout and without", () => {
    const promoted = { ...routeAt(5000), current: digestOf("promoted") };
    expect(assign(promoted, "anybody", true)).toMatchObject({ release: current, arm: "baseline", canary: null });
    expect(assign({ ...promoted, canary: null }, "anybody", true)).toMatchObject({ release: current, bucket: null });
    expect(assign({ ...promoted, canary: null }, "anybody", false).release).toBe(promoted.current);
  });

  test("goes to the current release when no rollout is under way", () => {
    expect(assign({ ...routeAt(0), canary: null }, "anybody", false)).toEqual({
      release: current,
      arm: "baseline",
      canary: null,
      bucket: null,
    });
  });
});
