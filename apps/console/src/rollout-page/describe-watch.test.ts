import { expect, test } from "vitest";
import { sampleRollout } from "../sample/sample-overview.ts";
import { describeWatch } from "./describe-watch.ts";

const WATCH = {
  until: Date.UTC(2026, 10, 26, 12),
  watching: ["escalation-rate"],
  silent: [{ gate: "tool-use", because: "it has no objective" }],
};

test("a promotion that bakes says which gates watch until when, and which do not and why", () => {
  const [watch, silent] = describeWatch({ ...sampleRollout("promoted", 0), afterPromotion: WATCH });
  expect(watch).toMatch(/^Until .+ the objective of escalation-rate can still take it back/);
  expect(silent).toBe("tool-use judges no new session: it has no objective.");
});

test("nothing is said of it before the promotion, after its time, and where nothing is ever promoted", () => {
  expect(describeWatch({ ...sampleRollout("ramping", 40), afterPromotion: WATCH })).toEqual([]);
  expect(describeWatch({ ...sampleRollout("promoted", 0), afterPromotion: { ...WATCH, until: null } })).toEqual([]);
  expect(describeWatch({ ...sampleRollout("promoted", 0), afterPromotion: null })).toEqual([]);
});
