import { hash } from "node:crypto";
import { RoutingError } from "./error.ts";
import type { Digest } from "../release/digest.ts";
import type { AgentRoute, CanaryRoute } from "./routing-table.ts";

/** `shadow` is an arm of a comparison too; the gateway never serves a user from it. */
export type Arm = "baseline" | "canary";

export const BUCKETS = 10_000;

/**
 * The published assignment function: `uint64be(sha256(seed + "\0" + key)[0..8]) mod 10000`.
 * Every router must agree on it; `assignment-vectors.json` holds test vectors.
 */
export function bucketOf(seed: string, key: string): number {
  const digest = hash("sha256", `${seed}\0${key}`, "buffer");
  return Number(digest.readBigUInt64BE(0) % BigInt(BUCKETS));
}

/** Growing the weight only ever adds keys to the canary. Throws `RoutingError` `weight_out_of_range`. */
export function armOf(bucket: number, weightBp: number): Arm {
  if (!Number.isInteger(weightBp) || weightBp < 0 || weightBp > BUCKETS) {
    throw new RoutingError({
      code: "weight_out_of_range",
      message: `found a weight of ${weightBp} basis points, expected a whole number from 0 to ${BUCKETS}`,
      hint: "5 % is 500 basis points",
    });
  }
  return bucket < weightBp ? "canary" : "baseline";
}

/**
 * The control of a rollout that asks for one of the canary's size (`control: matched`): as many buckets from the upper end.
 * It too only grows. Above half of the buckets everybody who is not in the canary is in it.
 */
export function isMatchedControl(bucket: number, weightBp: number): boolean {
  return armOf(bucket, weightBp) === "baseline" && bucket >= BUCKETS - weightBp;
}

/** Where a session without a pin belongs, and everything needed to explain it later. */
export type Assignment = {
  readonly release: Digest;
  readonly arm: Arm;
  /** The rollout it was assigned under, in either arm; null when none was under way. */
  readonly canary: CanaryRoute | null;
  readonly bucket: number | null;
};

/**
 * `key`: what is drawn, a session's or a user's id; null for whoever the rollout's strategy leaves out.
 * `leaseExpired`: the gateway was cut off for too long, so nobody new may meet the canary.
 */
export function assign(route: AgentRoute, key: string | null, leaseExpired: boolean): Assignment {
  const { canary } = route;
  if (canary === null || key === null) return { release: route.current, arm: "baseline", canary: null, bucket: null };
  const bucket = bucketOf(canary.seed, key);
  if (leaseExpired) return { release: route.current, arm: "baseline", canary: null, bucket };
  const arm = armOf(bucket, canary.weightBp);
  return { release: arm === "canary" ? canary.release : route.current, arm, canary, bucket };
}
