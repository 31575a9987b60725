import type { GateView } from "@perch/api";

export type Box = { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
export type Point = { readonly x: number; readonly y: number };
export type ChartShape = {
  readonly points: readonly Point[];
  readonly line: string;
  readonly area: string;
  readonly zeroY: number;
  readonly rejectY: number;
  readonly fastPathY: number;
  readonly lastSessions: number;
};

/** Evidence that sank below this is drawn on the floor: how far below says nothing to a person. */
const FLOOR = -2.5;
/** Nor how far above: so that the thresholds stay readable, the drawing ends at this many times the rejection line. */
const CEILING_FACTOR = 3;
const HEADROOM = 1.18;

/** Where everything of a gate's evidence chart goes: canary sessions to the right, ln E upwards. */
export function evidenceChartShape(gate: GateView, box: Box): ChartShape {
  const ceiling = gate.rejectAtLogE * CEILING_FACTOR;
  const clip = (logE: number): number => Math.min(ceiling, Math.max(FLOOR, logE));
  const drawn = gate.history.map((entry) => clip(entry.logE));
  const lowest = Math.min(-0.6, ...drawn);
  const highest = Math.max(gate.rejectAtLogE, ...drawn) * HEADROOM;
  const lastSessions = gate.history.at(-1)?.canarySessions ?? 0;
  const toX = (sessions: number): number =>
    round(box.left + ((box.right - box.left) * sessions) / Math.max(1, lastSessions));
  const toY = (logE: number): number =>
    round(box.bottom - ((box.bottom - box.top) * (clip(logE) - lowest)) / (highest - lowest));
  const start = { x: box.left, y: toY(0) };
  const points = gate.history.map((entry) => ({ x: toX(entry.canarySessions), y: toY(entry.logE) }));
  const line = [start, ...points].map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${x} ${y}`).join("");
  const end = points.at(-1) ?? start;
  return {
    points,
    line,
    area: `${line}L${end.x} ${start.y}Z`,
    zeroY: start.y,
    rejectY: toY(gate.rejectAtLogE),
    fastPathY: toY(gate.fastPathAtLogE),
    lastSessions,
  };
}

/** Index of the point nearest to x, or null without points. */
export function nearestPoint(points: readonly Point[], x: number): number | null {
  let best: number | null = null;
  let bestDistance = Infinity;
  points.forEach((point, index) => {
    const distance = Math.abs(point.x - x);
    if (distance < bestDistance) {
      best = index;
      bestDistance = distance;
    }
  });
  return best;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
