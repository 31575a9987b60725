import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StatsError } from "./error.ts";
import { integrate } from "./gauss-legendre.ts";
import { incompleteBeta } from "./incomplete-beta.ts";
import { logChoose } from "./log-choose.ts";

test.each([
  // Abramowitz & Stegun, table 26.5 by closed forms: I_x(1, b) = 1 − (1−x)^b, I_x(a, 1) = x^a, I_x(½, ½) = 2/π arcsin √x.
  [0.3, 1, 5, 1 - 0.7 ** 5],
  [0.3, 5, 1, 0.3 ** 5],
  [0.3, 0.5, 0.5, (2 / Math.PI) * Math.asin(Math.sqrt(0.3))],
  [0.5, 7, 7, 0.5],
  [0, 2, 3, 0],
  [1, 2, 3, 1],
] as const)("I_%d(%d, %d) has its closed form", (...[x, a, b, expected]) => {
  expect(incompleteBeta(x, a, b)).toBeCloseTo(expected, 13);
});

test("is the upper tail of a binomial, summed term by term", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.nat(),
      fc.double({ min: 0.001, max: 0.999, noNaN: true }),
      (n, pick, p) => {
        const k = 1 + (pick % n);
        let tail = 0;
        for (let i = k; i <= n; i += 1) tail += Math.exp(logChoose(n, i) + i * Math.log(p) + (n - i) * Math.log1p(-p));
        expect(incompleteBeta(p, k, n - k + 1)).toBeCloseTo(tail, 11);
      },
    ),
  );
});

test("is a half at the median of ten million sessions, and 1 far above", () => {
  expect(incompleteBeta(0.08, 8e5, 9.2e6)).toBeCloseTo(0.5, 3);
  expect(incompleteBeta(0.0805, 8e5, 9.2e6)).toBeCloseTo(1, 8);
  expect(incompleteBeta(1e-6, 10, 1e7 - 10)).toBeGreaterThan(0.5);
});

test.each([
  [-0.1, 1, 1],
  [0.5, 0, 1],
  [0.5, 1, Number.NaN],
])("refuses I_%d(%d, %d)", (x, a, b) => {
  expect(() => incompleteBeta(x, a, b)).toThrow(StatsError);
});

test("the quadrature is exact for a polynomial of degree 119 and skips panels that do not rise", () => {
  expect(integrate((x) => 120 * x ** 119, [0, 0.5, 0.5, 1])).toBeCloseTo(1, 12);
});
