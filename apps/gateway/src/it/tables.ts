import type { RoutingTableMessage } from "@perch/api";
import { digestOf } from "@perch/domain";

export const BASELINE = digestOf("support 2.3.0");
export const CANARY = digestOf("support 2.3.1");

/** Everything of the agent's is mirrored to the canary's release. */
export const A_MIRROR = {
  rollout: "support-2-3-1",
  seed: "it",
  percentageBp: 10_000,
  release: CANARY,
  timeoutMs: 60_000,
  caps: { sessions: 1000, turns: 10_000, requestBytes: 1_000_000_000 },
};

type Agent = RoutingTableMessage["agents"][number];

/** The agent `support` with two releases; the canary at the given weight. */
export function tableOf(options: {
  sequence: number;
  baseline: readonly string[];
  canary?: readonly string[];
  weightBp?: number;
  leaseMs?: number;
  agent?: Partial<Agent>;
  strategy?: NonNullable<Agent["canary"]>["strategy"];
}): RoutingTableMessage {
  const { sequence, baseline, canary = [], weightBp, leaseMs = 10_000, strategy = { kind: "session" } } = options;
  const route = { rollout: "support-2-3-1", step: 1, seed: "it", weightBp: weightBp ?? 0, release: CANARY, strategy };
  return {
    revision: { epoch: 1, sequence },
    leaseMs,
    agents: [
      {
        agent: "support",
        hosts: [],
        pathPrefix: "/support",
        refuses: null,
        current: BASELINE,
        mirror: null,
        canary: weightBp === undefined ? null : route,
        releases: [
          { release: BASELINE, version: "2.3.0", urls: [...baseline] },
          { release: CANARY, version: "2.3.1", urls: [...canary] },
        ],
        sessionExtractors: [
          { kind: "header", name: "x-session-id" },
          { kind: "json", pointer: "/session" },
        ],
        sessionLearners: [],
        idleTimeoutMs: 60_000,
        moves: [],
        ...options.agent,
      },
    ],
  };
}
