import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sampleRollout } from "../sample/sample-overview.ts";
import { evidenceChartShape, nearestPoint, type Box } from "./evidence-chart-shape.ts";

const BOX: Box = { left: 40, right: 352, top: 6, bottom: 102 };
const [GATE] = sampleRollout("ramping", 64).gates;
if (GATE === undefined) throw new Error("the sample has no gates");
const gate = GATE;

const anyHistory = fc
  .array(fc.double({ min: -60, max: 60, noNaN: true }), { maxLength: 50 })
  .map((logs) => logs.map((logE, index) => ({ at: index, canarySessions: (index + 1) * 2, logE })));

test("every point and every line of the chart is always inside its box", () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const shape = evidenceChartShape({ ...gate, history }, BOX);
      const ys = [...shape.points.map((point) => point.y), shape.zeroY, shape.fastPathY, shape.rejectY];
      expect(Math.min(...ys)).toBeGreaterThanOrEqual(BOX.top);
      expect(Math.max(...ys)).toBeLessThanOrEqual(BOX.bottom);
      for (const { x } of shape.points) expect(x).toBeGreaterThanOrEqual(BOX.left);
      for (const { x } of shape.points) expect(x).toBeLessThanOrEqual(BOX.right);
    }),
  );
});

test("evidence above the threshold is drawn above its line", () => {
  const history = [{ at: 0, canarySessions: 10, logE: gate.rejectAtLogE + 0.5 }];
  const shape = evidenceChartShape({ ...gate, history }, BOX);
  expect(shape.points[0]?.y).toBeLessThan(shape.rejectY);
  expect(shape.rejectY).toBeLessThan(shape.fastPathY);
  expect(shape.fastPathY).toBeLessThan(shape.zeroY);
});

test("the pointer finds the nearest point, and nothing where there is none", () => {
  const points = [
    { x: 40, y: 0 },
    { x: 90, y: 0 },
    { x: 200, y: 0 },
  ];
  expect([0, 64, 66, 400].map((x) => nearestPoint(points, x))).toEqual([0, 0, 1, 2]);
  expect(nearestPoint([], 10)).toBeNull();
});
