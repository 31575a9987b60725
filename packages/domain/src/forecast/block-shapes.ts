import type { Meetings } from "@perch/stats";
import { MIN_BASELINE_SESSIONS, MIN_CANARY_SESSIONS } from "../gate/close-blocks.ts";

/** How likely a block is to close with so many sessions of each arm. */
type Shape = { readonly probability: number; readonly canary: number; readonly baseline: number };

/** Blocks that are rarer than this in all are left out, and none is larger than this many baseline sessions. */
const NEGLIGIBLE = 1e-6;
const LARGEST = 5000;

/** How canary sessions meet baseline sessions at a weight: where means are compared, and where order is. */
export function meetingsAt(weightBp: number): { readonly means: Meetings; readonly order: Meetings } {
  const shapes = shapesAt(Math.min(9999, Math.max(1, weightBp)) / 10_000);
  const perBlock = sum(shapes, ({ canary }) => canary);
  const each = (read: (shape: Shape) => number): number => sum(shapes, read) / perBlock;
  const isApart = ({ canary, baseline }: Shape): boolean => baseline >= canary;
  const when = (condition: boolean, value: number): number => (condition ? value : 0);
  return {
    means: {
      apart: {
        observations: each((shape) => when(isApart(shape), shape.canary)),
        inverse: each((shape) => when(isApart(shape), shape.canary / ownOf(shape))),
      },
      pooled: {
        observations: each((shape) => when(!isApart(shape), 1)),
        inverseCanary: each((shape) => when(!isApart(shape), 1 / shape.canary)),
        inverseBaseline: each((shape) => when(!isApart(shape), 1 / shape.baseline)),
      },
    },
    order: {
      apart: {
        observations: each(({ canary, baseline }) => Math.min(canary, baseline)),
        inverse: each((shape) => Math.min(shape.canary, shape.baseline) / ownOf(shape)),
      },
      pooled: { observations: 0, inverseCanary: 0, inverseBaseline: 0 },
    },
  };
}

/** Sessions of the more frequent arm that each of the rarer one meets. */
function ownOf({ canary, baseline }: Shape): number {
  return Math.floor(Math.max(canary, baseline) / Math.min(canary, baseline));
}

/**
 * A block closes at 2 canary and 10 baseline sessions, whichever comes last. With the 10th baseline session k canary sessions
 * are there with probability C(9+k, k) w^k (1−w)^10; with fewer than 2, it closes at the second, after j baseline sessions with
 * probability (j+1) w² (1−w)^j.
 */
function shapesAt(weight: number): readonly Shape[] {
  const shapes: Shape[] = [];
  let left = 1;
  let probability = (1 - weight) ** MIN_BASELINE_SESSIONS;
  for (let canary = 0; canary < LARGEST && left > NEGLIGIBLE; canary += 1) {
    if (canary >= MIN_CANARY_SESSIONS) {
      shapes.push({ probability, canary, baseline: MIN_BASELINE_SESSIONS });
      left -= probability;
    }
    probability *= (weight * (MIN_BASELINE_SESSIONS + canary)) / (canary + 1);
    if (canary > MIN_CANARY_SESSIONS && probability < NEGLIGIBLE / LARGEST) break;
  }
  for (let baseline = MIN_BASELINE_SESSIONS; baseline < LARGEST && left > NEGLIGIBLE; baseline += 1) {
    const closing = (baseline + 1) * weight * weight * (1 - weight) ** baseline;
    shapes.push({ probability: closing, canary: MIN_CANARY_SESSIONS, baseline });
    left -= closing;
  }
  // What is larger still meets so many baseline sessions that their number makes no difference.
  return left > NEGLIGIBLE
    ? [...shapes, { probability: left, canary: MIN_CANARY_SESSIONS, baseline: LARGEST }]
    : shapes;
}

function sum(shapes: readonly Shape[], read: (shape: Shape) => number): number {
  return shapes.reduce((total, shape) => total + shape.probability * read(shape), 0);
}
