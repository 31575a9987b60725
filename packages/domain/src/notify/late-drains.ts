import type { AgentRecord } from "../rollout/agent-record.ts";
import type { HookMoment } from "../rollout/hooks.ts";
import type { Retirement } from "../rollout/retirement.ts";
import type { Rollout } from "../rollout/rollout.ts";

type LateDrain = { readonly entry: HookMoment & { readonly news: "drainLate" }; readonly occasion: string };

/** Drains by the file of a rollout that are not over at their deadline, each with its occasion, to be told once. */
export function lateDrains(rollout: Rollout, { agent, retirements, releases }: AgentRecord): readonly LateDrain[] {
  if (rollout.plan.agent !== agent) return [];
  return retirements.flatMap((one) => {
    if (one.rollout !== rollout.id || one.stage.kind !== "draining" || one.overdueSince === null) return [];
    const version = releases.find(({ digest }) => digest === one.release)?.version ?? one.release;
    const text = `${agent}@${version} has not drained by its deadline: ${leftText(one)}; ${thenText(one)}`;
    const entry = { at: one.overdueSince, phase: rollout.phase.kind, weightBp: 0, text, news: "drainLate" as const };
    return [{ entry, occasion: `drain-${one.since}-${one.release.slice(-12)}` }];
  });
}

function leftText({ leftAtDeadline }: Retirement): string {
  const { livePins = null, openTransactions = null } = leftAtDeadline ?? {};
  return `${livePins ?? "an unknown number of"} live pins, ${openTransactions ?? "an unknown number of"} open transactions`;
}

function thenText({ drain }: Retirement): string {
  const { onDeadline = "wait", openTransactions = "wait" } = drain ?? {};
  return `its file says ${onDeadline}${openTransactions === "wait" ? "" : `, and ${openTransactions} for transactions`}`;
}
