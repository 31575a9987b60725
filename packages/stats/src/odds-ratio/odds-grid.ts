import { logSumExp } from "../numeric/log-sum-exp.ts";
import { NON_INFERIORITY_LOG_ODDS } from "./non-inferiority-bets.ts";
import { ROLLBACK_LOG_ODDS } from "./rollback-test.ts";

const LOWEST = Math.log(0.2);
const HIGHEST = Math.log(30);
const STEP = 0.05;
const PRIOR_SPREAD = 0.7;
/** Points closer than this are one point. */
const SAME_POINT = 1e-9;

/** Where a gate's log-likelihood is kept: log odds ratios in rising order, with the prior used for display. */
export type OddsGrid = {
  readonly logOdds: readonly number[];
  readonly logPrior: readonly number[];
  /** Where the rollback test and the non-inferiority test read. */
  readonly rollbackPoints: readonly number[];
  readonly nonInferiorityPoints: readonly number[];
};

/**
 * ln 0.2 to ln 30 in steps of 0.05, and exactly: 0, the points of both tests, and `extra` (margins and ladder levels).
 * The prior is normal around 0 with spread 0.7, each point weighted by the width of its cell, so that an extra point does
 * not add belief around itself. `nonInferiorityBets`: what the non-inferiority test bets on; 0 alone makes it the accepting
 * side of a sequential probability ratio test. Source: `statistics.md` 3.2, 3.3.
 */
export function createOddsGrid(
  extra: readonly number[],
  nonInferiorityBets: readonly number[] = NON_INFERIORITY_LOG_ODDS,
): OddsGrid {
  const exact = [0, ...ROLLBACK_LOG_ODDS, ...nonInferiorityBets, ...extra];
  const regular = Array.from({ length: Math.floor((HIGHEST - LOWEST) / STEP) + 1 }, (_, i) => LOWEST + i * STEP);
  const logOdds: number[] = [];
  for (const point of [...new Set(exact), ...regular]) {
    if (!logOdds.some((known) => Math.abs(known - point) < SAME_POINT)) logOdds.push(point);
  }
  logOdds.sort((a, b) => a - b);
  return {
    logOdds,
    logPrior: priorOver(logOdds),
    rollbackPoints: ROLLBACK_LOG_ODDS.map((point) => nearestPoint(logOdds, point)),
    nonInferiorityPoints: nonInferiorityBets.map((point) => nearestPoint(logOdds, point)),
  };
}

/** The index of the grid point closest to a log odds ratio, the first of two that are equally close. */
export function nearestPoint(logOdds: readonly number[], value: number): number {
  let nearest = 0;
  let distance = Infinity;
  for (let i = 0; i < logOdds.length; i += 1) {
    const away = Math.abs((logOdds[i] ?? Infinity) - value);
    if (away < distance) {
      nearest = i;
      distance = away;
    }
  }
  return nearest;
}

function priorOver(logOdds: readonly number[]): readonly number[] {
  const unnormalised = logOdds.map((point, i) => {
    const before = logOdds[i - 1] ?? point;
    const after = logOdds[i + 1] ?? point;
    return -(point * point) / (2 * PRIOR_SPREAD * PRIOR_SPREAD) + Math.log((after - before) / 2);
  });
  const total = logSumExp(unnormalised);
  return unnormalised.map((weight) => weight - total);
}
