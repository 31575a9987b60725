import type { RolloutEvent } from "../rollout/rollout.ts";
import type { Block } from "../gate/block.ts";

/** How many sessions each arm had been judged on by then, cumulative over the rollout. */
export type ExposurePoint = {
  readonly at: number;
  readonly step: number;
  readonly canarySessions: number;
  readonly baselineSessions: number;
};

/** One point a judged block. */
export function exposureOf(events: readonly RolloutEvent[]): readonly ExposurePoint[] {
  let [canarySessions, baselineSessions] = [0, 0];
  return events.flatMap((event) => {
    if (event.type !== "blockJudged") return [];
    canarySessions += event.block.canarySessions;
    baselineSessions += event.block.baselineSessions;
    return [{ at: event.at, step: event.block.step, canarySessions, baselineSessions }];
  });
}

export type Excess = { readonly gate: string; readonly sessions: number; readonly bad: number };

/**
 * Bad canary sessions beyond what the baseline of the same step would have had: Σ over steps of x_c − n_c p̂_b
 * (`statistics.md` 3.11). By step, since the mix of sessions changes with the weight. Negative: fewer.
 */
export function excessOf(blocks: readonly Block[], gate: string): Excess {
  const bySteps = Map.groupBy(blocks, ({ step }) => step);
  let [sessions, bad] = [0, 0];
  for (const ofStep of bySteps.values()) {
    const total = { baselineSessions: 0, baselineBad: 0, canarySessions: 0, canaryBad: 0 };
    for (const { counts } of ofStep) {
      const own = counts[gate];
      if (own === undefined) continue;
      total.baselineSessions += own.baselineSessions;
      total.baselineBad += own.baselineBad;
      total.canarySessions += own.canarySessions;
      total.canaryBad += own.canaryBad;
    }
    // Sessions after a promotion have no baseline beside them that they could exceed.
    if (total.baselineSessions === 0) continue;
    sessions += total.canarySessions;
    bad += total.canaryBad - (total.canarySessions * total.baselineBad) / total.baselineSessions;
  }
  return { gate, sessions, bad };
}
