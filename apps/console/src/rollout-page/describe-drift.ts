import type { RolloutView } from "@perch/api";
import { countOf, formatPercent } from "./format-number.ts";
import { formatMoment } from "./format-time.ts";

/** Over which time the shares are. */
export function describeDriftPeriod({ since }: RolloutView["drift"], now: number): string {
  if (since === null) return "a later rollout has taken over: its shares are shown there";
  return `since ${formatMoment(since, now)}; live sessions now`;
}

/** Who is still on the other release when all new sessions go to one; null while both get some, or nobody is left. */
export function describeResidual({ weightBp, baseline, canary, drift }: RolloutView): string | null {
  const { canary: onCanary, baseline: onBaseline, all } = drift.counts.liveSessions;
  if (weightBp > 0 && weightBp < 10_000) return null;
  const [version, left] = weightBp === 0 ? [canary.version, onCanary] : [baseline.version, onBaseline];
  if (left === 0) return null;
  return `${countOf(left, "live session")} (${formatPercent(left / all)}) still on ${version}`;
}
