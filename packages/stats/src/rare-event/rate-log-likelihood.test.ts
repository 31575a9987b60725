import { expect, test } from "vitest";
import { logChoose } from "../numeric/log-choose.ts";
import { StatsError } from "../numeric/error.ts";
import { rateLogLikelihood } from "./rate-log-likelihood.ts";

test.each([
  [0.12, 1],
  [0.08, 0.999],
])("has an expectation of at most one where the rate is at most the bound: %d", (rate, most) => {
  const [sessions, bound] = [17, 0.12];
  for (const odds of [1.2, 3, 30]) {
    let mean = 0;
    for (let bad = 0; bad <= sessions; bad += 1) {
      const probability = Math.exp(
        logChoose(sessions, bad) + bad * Math.log(rate) + (sessions - bad) * Math.log1p(-rate),
      );
      mean += probability * Math.exp(rateLogLikelihood({ sessions, bad }, bound, [Math.log(odds)])[0] ?? 0);
    }
    expect(mean).toBeLessThanOrEqual(most + 1e-12);
  }
});

test("favours the odds that the sessions show", () => {
  const [atTwo, atTen] = rateLogLikelihood({ sessions: 100, bad: 21 }, 0.12, [Math.log(2), Math.log(10)]);
  expect(atTwo).toBeGreaterThan(0);
  expect(atTen).toBeLessThan(0);
});

test("refuses a bound that is no rate between 0 and 1", () => {
  expect(() => rateLogLikelihood({ sessions: 1, bad: 0 }, 0, [1])).toThrow(StatsError);
  expect(() => rateLogLikelihood({ sessions: 1, bad: 2 }, 0.1, [1])).toThrow(StatsError);
});
