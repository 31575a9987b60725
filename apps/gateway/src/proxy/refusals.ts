import type { Refusal } from "../problem.ts";
import type { Forwarding } from "./exchange.ts";

export function notDeployed(forwarding: Forwarding): Refusal {
  return {
    status: 503,
    code: "not_deployed",
    message: `${nameOf(forwarding)} is pinned for this session, but runs nowhere just now`,
    hint: `start it with \`perch deploy ${nameOf(forwarding)}\``,
  };
}

/** A tombstone: never the baseline in silence, which would go on with a conversation that it does not know. */
export function retired(forwarding: Forwarding): Refusal {
  return {
    status: 410,
    code: "release_gone",
    message: `${nameOf(forwarding)}, which this session is pinned to, was decommissioned: the session is over`,
    hint: "begin a new session",
  };
}

export function releaseBusy(forwarding: Forwarding, max: number): Refusal {
  return {
    status: 503,
    code: "release_busy",
    message: `${nameOf(forwarding)} works on ${max} requests already, which is all it is given at once`,
    hint: "try again in a moment; --max-concurrent of the gateway sets the limit",
  };
}

export function stalled(forwarding: Forwarding, origin: string, seconds: number): Refusal {
  return {
    status: 504,
    code: "upstream_stalled",
    message: `${nameOf(forwarding)} at ${origin} has not begun its answer within ${seconds} s`,
    hint: "see what the agent waits for; --upstream-timeout of the gateway sets the limit",
  };
}

export function unreachable(forwarding: Forwarding, origin: string, reason: string): Refusal {
  return {
    status: 502,
    code: "upstream_unreachable",
    message: `${nameOf(forwarding)} cannot be reached at ${origin}: ${reason}`,
    hint: "start the release again with `perch deploy`",
  };
}

export function brokeOff(forwarding: Forwarding, origin: string, reason: string): Refusal {
  return {
    status: 502,
    code: "upstream_reset",
    message: `${nameOf(forwarding)} at ${origin} broke off before its answer began: ${reason}`,
    hint: "see the agent's log; the request may have taken effect, so it was not sent again",
  };
}

export function answerMalformed(forwarding: Forwarding, origin: string, reason: string): Refusal {
  return {
    status: 502,
    code: "upstream_malformed",
    message: `what ${nameOf(forwarding)} at ${origin} says is no HTTP answer: ${reason}`,
    hint: "see the agent's server; the request may have taken effect, so it was not sent again",
  };
}

function nameOf({ pin, release }: Forwarding): string {
  return `${pin.agent}@${release.version}`;
}
