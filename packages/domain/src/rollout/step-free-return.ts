import type { Digest } from "../release/digest.ts";
import type { AgentRecord } from "./agent-record.ts";
import { rollbackPolicy } from "./policies.ts";
import type { Rollout } from "./rollout.ts";
import { isPromoted } from "./weight.ts";

type Reign = { readonly release: Digest; readonly until: number };

/**
 * Whether the rollout's release was the agent's current one at most `window.revisions` promotions and `window.duration` ago:
 * everybody met it a short while ago, so that it comes back without steps. `rollouts`: oldest first.
 */
export function isStepFreeReturn(
  { plan, canary }: Pick<Rollout, "plan" | "canary">,
  context: { readonly record: AgentRecord; readonly rollouts: readonly Rollout[]; readonly now: number },
): boolean {
  const { stepFreeRevisions } = rollbackPolicy(plan);
  if (stepFreeRevisions === 0) return false;
  return reignsOf(context.record, context.rollouts)
    .slice(-stepFreeRevisions)
    .some(({ release, until }) => release === canary.digest && context.now - until <= plan.rollbackWindowMs);
}

/** Releases that were current and are so no more, oldest first. */
function reignsOf({ agent, first }: AgentRecord, rollouts: readonly Rollout[]): readonly Reign[] {
  const promoted = rollouts.filter((rollout) => rollout.plan.agent === agent && isPromoted(rollout));
  return promoted.flatMap(({ phaseSince }, index) => {
    const release = promoted[index - 1]?.canary.digest ?? first;
    return release === null ? [] : [{ release, until: phaseSince }];
  });
}
