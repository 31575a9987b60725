import { moveTo } from "./move-to.ts";
import type { Rollout } from "./rollout.ts";

/** The decision itself: from here on the canary gets no new session. One append, and nothing else, carries it. */
export function rollBack(
  rollout: Rollout,
  by: { at: number; actor: string; culprits: readonly string[]; reason: string },
): Rollout {
  const decision = {
    decidedAt: by.at,
    culprits: by.culprits,
    canarySessions: Math.max(
      rollout.canaryJudged,
      ...Object.values(rollout.landmarks).map(({ canarySessions }) => canarySessions),
    ),
    logE: rollout.judgement?.logE ?? {},
  };
  return moveTo(
    { ...rollout, decision },
    { kind: "RollingBack" },
    { at: by.at, actor: by.actor, reason: by.reason, text: `back to ${rollout.baseline.version}: ${by.reason}` },
  );
}
