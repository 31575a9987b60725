import type { AgentRoute, Override, Pin } from "@perch/domain";
import type { Refusal } from "../problem.ts";
import type { RoutedAgent, RouteIndex } from "../table/route-index.ts";

/** Why a request has no place, as its client is told. */
export const NO_TABLE: Refusal = {
  status: 503,
  code: "no_routing_table",
  message: "this gateway has not received a routing table yet",
  hint: "start the server, or check the gateway's --server URL; the gateway connects on its own",
};

export function unknownAgent(path: string, host: string, index: RouteIndex): Refusal {
  const known = [...index.agents.values()].map(({ route }) => {
    const hosts = route.hosts.length === 0 ? "" : ` of ${route.hosts.join(", ")}`;
    return `${route.agent} at ${route.pathPrefix || "/"}${hosts}`;
  });
  const usesHosts = [...index.agents.values()].some(({ route }) => route.hosts.length > 0);
  const where = `${JSON.stringify(path.slice(0, 200))}${usesHosts ? ` of host ${JSON.stringify(host.slice(0, 100))}` : ""}`;
  return {
    status: 404,
    code: "unknown_agent",
    message: `no agent is at ${where}; known agents: ${known.join(", ") || "none"}`,
    hint: known.length === 0 ? "deploy a first release with `perch deploy`" : "use one of the known agents' paths",
  };
}

export function agentKilled({ agent, refuses }: Pick<AgentRoute, "agent" | "refuses">): Refusal {
  return {
    status: 503,
    code: "agent_killed",
    message: `agent ${agent} is switched off: ${refuses}`,
    hint: "whoever switched it off ends that: perch kill AGENT --undo",
  };
}

export function malformedSession(message: string): Refusal {
  return { status: 400, code: "session_id_malformed", message, hint: "send a usable session id, or none to get one" };
}

export function releaseGone(pin: Pin): Refusal {
  return {
    status: 410,
    code: "release_gone",
    message: `this session belongs to release ${pin.release} of ${pin.agent}, which is no longer served`,
    hint: "begin a new session",
  };
}

export function moveUnconfirmed({ session }: Pin): Refusal {
  return {
    status: 503,
    code: "move_unconfirmed",
    message: `sessions of this release are being moved, and the pin store does not say where ${session} is now`,
    hint: "try again in a moment",
  };
}

export function tableBehind(pin: Pin): Refusal {
  return {
    status: 503,
    code: "table_behind",
    message: `this session was placed under a newer routing table than this gateway has; its release is ${pin.release}`,
    hint: "try again in a moment",
  };
}

export function overrideUnknown({ agent, release }: Override, { route }: RoutedAgent): Refusal {
  const known = route.releases.map(({ version }) => version).join(", ");
  return {
    status: 404,
    code: "override_release_unknown",
    message: `the override names release ${JSON.stringify(release)} of ${agent}, expected one of ${known}`,
    hint: "make a token for one of them with `perch override create`",
  };
}

export function overrideTooLate(pin: Pin, { release }: Override): Refusal {
  return {
    status: 409,
    code: "session_already_placed",
    message: `the override names release ${JSON.stringify(release)}, but session ${pin.session} is pinned to ${pin.release}`,
    hint: "an override chooses the release of a new session: begin one with another id",
  };
}
