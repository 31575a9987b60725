import type { AgentView, GatewayView } from "@perch/api";

/** What an agent's users meet now, and which gateways know it. */
export function describeKill({ agent, killed }: AgentView, gateways: readonly GatewayView[]): string {
  const behind = gateways.filter(({ sync }) => sync !== "Synced").map(({ gateway, sync }) => `${gateway} (${sync})`);
  const arrived = behind.length === 0 ? `all ${gateways.length} have it` : `not yet: ${behind.join(", ")}`;
  return [describeState(agent, killed), `gateways      ${arrived}`, ...nextSteps(agent, killed)].join("\n");
}

function describeState(agent: string, killed: AgentView["killed"]): string {
  if (killed === null) return `${agent} serves again`;
  const what = killed.to === null ? "refuses everybody" : `is served by ${killed.to.version} alone`;
  return `${agent} ${what} since ${new Date(killed.killedAt).toISOString()}: ${killed.reason} (${killed.actor})`;
}

function nextSteps(agent: string, killed: AgentView["killed"]): readonly string[] {
  if (killed === null) return ["", "next: perch rollout resume ID, where a rollout was under way"];
  return ["", `next: perch kill ${agent} --undo --reason "…"`];
}
