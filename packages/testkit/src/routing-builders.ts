import {
  digestOf,
  parseAgentName,
  parseGatewayId,
  parseMoveId,
  parseRolloutId,
  parseSessionId,
  type AgentRoute,
  type CanaryRoute,
  type MirrorRoute,
  type MoveRecord,
  type PinMove,
  type RouteMove,
  type Pin,
  type RoutingTable,
  type ShadowTurn,
  type TurnRecord,
} from "@perch/domain";

/** Two releases of the agent `support`, baseline current, no rollout; every value can be replaced. */
export function anAgentRoute(change: Partial<AgentRoute> = {}): AgentRoute {
  return {
    agent: parseAgentName("support"),
    hosts: [],
    pathPrefix: "/support",
    refuses: null,
    current: digestOf("support 2.3.0"),
    withoutLease: change.current ?? digestOf("support 2.3.0"),
    canary: null,
    mirror: null,
    releases: [
      { release: digestOf("support 2.3.0"), version: "2.3.0", urls: ["http://127.0.0.1:1"] },
      { release: digestOf("support 2.3.1"), version: "2.3.1", urls: ["http://127.0.0.1:2"] },
    ],
    sessionExtractors: [{ kind: "header", name: "x-session-id" }],
    sessionLearners: [],
    idleTimeoutMs: 60_000,
    moves: [],
    ...change,
  };
}

export function aCanaryRoute(change: Partial<CanaryRoute> = {}): CanaryRoute {
  return {
    rollout: parseRolloutId("support-2-3-1"),
    step: 0,
    seed: "seed",
    weightBp: 500,
    release: digestOf("support 2.3.1"),
    strategy: { kind: "session" },
    ...change,
  };
}

export function aMirrorRoute(change: Partial<MirrorRoute> = {}): MirrorRoute {
  return {
    rollout: parseRolloutId("support-2-3-1"),
    seed: "seed",
    percentageBp: 1000,
    release: digestOf("support 2.3.1"),
    timeoutMs: 60_000,
    caps: { sessions: 1000, turns: 10_000, requestBytes: 1_000_000_000 },
    ...change,
  };
}

export function aShadowTurn(change: Partial<ShadowTurn> = {}): ShadowTurn {
  return {
    id: "shadow-1",
    kind: "shadow",
    gateway: parseGatewayId("gw-1"),
    agent: parseAgentName("support"),
    session: parseSessionId("session-1"),
    release: digestOf("support 2.3.1"),
    arm: "shadow",
    rollout: parseRolloutId("support-2-3-1"),
    assignedAt: 1000,
    traceId: "1af7651916cd43dd8448eb211c80319c",
    pairedTraceId: "0af7651916cd43dd8448eb211c80319c",
    pairedStartedAt: 1000,
    startedAt: 1001,
    durationMs: 30,
    firstByteMs: 6,
    status: 200,
    outcome: "answered",
    reason: null,
    requestBytes: 10,
    responseBytes: 25,
    ...change,
  };
}

export function aRoutingTable(change: Partial<RoutingTable> = {}): RoutingTable {
  return { revision: { epoch: 1, sequence: 1 }, leaseMs: 15_000, agents: [anAgentRoute()], ...change };
}

export function aPin(change: Partial<Pin> = {}): Pin {
  return {
    agent: parseAgentName("support"),
    session: parseSessionId("session-1"),
    release: digestOf("support 2.3.0"),
    arm: "baseline",
    rollout: null,
    step: null,
    weightBp: null,
    bucket: null,
    seed: null,
    revision: { epoch: 1, sequence: 1 },
    gateway: parseGatewayId("gw-1"),
    assignedAt: 0,
    override: null,
    shadow: null,
    targeting: null,
    moved: null,
    ...change,
  };
}

/** From the baseline to the canary, where the agent says so; open. */
export function aMove(change: Partial<RouteMove> = {}): RouteMove {
  return {
    id: parseMoveId("support.1"),
    from: digestOf("support 2.3.0"),
    to: digestOf("support 2.3.1"),
    session: null,
    mode: "migrate",
    boundary: { header: true, idleMs: null },
    phase: "open",
    since: 0,
    ...change,
  };
}

export function aPinMove(change: Partial<PinMove> = {}): PinMove {
  return {
    move: parseMoveId("support.1"),
    mode: "migrate",
    boundary: "agent",
    from: digestOf("support 2.3.0"),
    rollout: null,
    at: 5000,
    times: 1,
    ...change,
  };
}

export function aMoveRecord(change: Partial<MoveRecord> = {}): MoveRecord {
  return {
    kind: "move",
    id: "move-1",
    gateway: parseGatewayId("gw-1"),
    agent: parseAgentName("support"),
    session: parseSessionId("session-1"),
    to: digestOf("support 2.3.1"),
    ...aPinMove(),
    ...change,
  };
}

export function aTurnRecord(change: Partial<TurnRecord> = {}): TurnRecord {
  return {
    id: "turn-1",
    kind: "turn",
    gateway: parseGatewayId("gw-1"),
    agent: parseAgentName("support"),
    session: parseSessionId("session-1"),
    release: digestOf("support 2.3.0"),
    arm: "baseline",
    rollout: null,
    step: null,
    traceId: "0af7651916cd43dd8448eb211c80319c",
    startedAt: 1000,
    durationMs: 20,
    firstByteMs: 5,
    status: 200,
    fault: null,
    requestBytes: 10,
    responseBytes: 20,
    endsSession: false,
    intent: null,
    taskState: null,
    isSynthetic: false,
    ...change,
  };
}
