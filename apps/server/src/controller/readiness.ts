import type { AgentRecord, Rollout } from "@perch/domain";
import type { GatewayHub } from "../gateways/hub.ts";

export type Readiness =
  | { readonly kind: "ready" }
  /** Nothing that time alone will spoil. */
  | { readonly kind: "waiting"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

export const DEPLOYMENT_DEADLINE_MS = 60_000;

/** Whether the canary may meet its first session: it has to run somewhere, and a gateway has to listen. */
export function readinessOf(
  rollout: Rollout,
  record: AgentRecord | null,
  context: { readonly hub: Pick<GatewayHub, "views">; readonly now: number },
): Readiness {
  if (record !== null && record.kill !== null) {
    return { kind: "waiting", reason: `the agent is switched off: ${record.kill.reason}` };
  }
  for (const { digest, version } of [rollout.canary, rollout.baseline]) {
    if (record?.deployments.some((deployment) => deployment.release === digest) === true) continue;
    const reason = `${rollout.plan.agent}@${version} has no deployment: run \`perch deploy ${rollout.plan.agent}@${version}\``;
    const isLate = context.now - rollout.appliedAt >= DEPLOYMENT_DEADLINE_MS;
    return isLate ? { kind: "failed", reason } : { kind: "waiting", reason };
  }
  const listens = context.hub.views().some(({ sync }) => sync === "Synced");
  if (!listens) return { kind: "waiting", reason: "no gateway is connected: start one, or look at its log" };
  return { kind: "ready" };
}
