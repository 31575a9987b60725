import { expect, test } from "vitest";
import { StatsError } from "../numeric/error.ts";
import { logChoose } from "../numeric/log-choose.ts";
import { logEvidenceOfDiscordance } from "./discordant-test.ts";

test.each([1, 9, 50])(
  "is worth 1 on average over %d pairs that fall either way, less when the canary is better",
  (pairs) => {
    const mean = (p: number): number => {
      let sum = 0;
      for (let c = 0; c <= pairs; c += 1) {
        const probability = Math.exp(logChoose(pairs, c) + c * Math.log(p) + (pairs - c) * Math.log1p(-p));
        sum += probability * Math.exp(logEvidenceOfDiscordance({ onlyCanaryBad: c, onlyBaselineBad: pairs - c }));
      }
      return sum;
    };
    expect(mean(0.5)).toBeCloseTo(1, 9);
    expect(mean(0.3)).toBeLessThan(1);
  },
);

test("a dozen pairs that all go against the canary are enough", () => {
  expect(logEvidenceOfDiscordance({ onlyCanaryBad: 12, onlyBaselineBad: 0 })).toBeGreaterThan(Math.log(100));
  expect(logEvidenceOfDiscordance({ onlyCanaryBad: 0, onlyBaselineBad: 0 })).toBeCloseTo(0, 12);
});

test("refuses half a pair", () => {
  expect(() => logEvidenceOfDiscordance({ onlyCanaryBad: 0.5, onlyBaselineBad: 0 })).toThrow(StatsError);
  expect(() => logEvidenceOfDiscordance({ onlyCanaryBad: 1, onlyBaselineBad: -1 })).toThrow(StatsError);
});
