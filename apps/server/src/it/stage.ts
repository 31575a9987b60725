import {
  createMemoryLedger,
  createMemoryServerState,
  createMemoryTargetProbe,
  createMemoryTraceStore,
  createMemoryTransactionStore,
} from "@perch/adapters/in-memory";
import { problemSchema, rolloutViewSchema, type RolloutView, type RoutingTableMessage } from "@perch/api";
import {
  digestOf,
  parseAgentName,
  ReleaseError,
  type CohortMember,
  type CohortSource,
  type Ledger,
  type ReleaseReference,
  type ReleaseSource,
} from "@perch/domain";
import { aSpan, aToolCall, aTurnRecord } from "@perch/testkit";
import { createServer, type Server, type ServerDeps } from "../create-server.ts";
import { leadAlone } from "../leading/term.ts";
import { parseOptions } from "../options.ts";
import { connectGateway, quiet, type Gateway } from "./fake-gateway.ts";
import { get, post } from "./requests.ts";
import { lonelyServer } from "./lonely-server.ts";

export { connectGateway, quiet, type Gateway } from "./fake-gateway.ts";
export { get, post, send } from "./requests.ts";

/** Two steps, two guardrails. */
export const YAML = `
apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: support-2-3-1 }
spec:
  agent: support
  release: 2.3.1
  steps:
    - { setWeight: 20, pause: { duration: 1m } }
    - { setWeight: 50 }
  analysis:
    interval: 10s
    gates:
      - { name: escalation-rate, kind: proportion, objective: { max: 0.2 }, compare: { margin: 0.1 } }
      - { name: error-rate, kind: proportion }
`;

const VERSIONS = ["2.3.0", "2.3.1", "2.3.2", "2.3.3"];
const DEPLOYED = ["2.3.0", "2.3.1"];

function createReleases(): ReleaseSource {
  return {
    async admit(reference: ReleaseReference) {
      const version = VERSIONS.find((known) =>
        reference.kind === "version" ? reference.version === known : reference.digest === digestOf(known),
      );
      if (reference.kind === "version" && reference.version === "6.6.6") {
        throw new ReleaseError({ code: "unsigned", message: "no signature", hint: "sign it" });
      }
      if (version === undefined)
        throw new ReleaseError({ code: "release_unknown", message: "unknown", hint: "push it" });
      const policy = { escalationTools: ["escalate"], successTools: [] };
      return { agent: parseAgentName("support"), version, digest: digestOf(version), policy, signedBy: ["key"] };
    },
  };
}

/** What the world does wrong by now. */
export type Faults = {
  /** `silent`: it never answers. `empty`: it knows of no session. `nan`: no figure of a session is a number. */
  store: "none" | "down" | "silent" | "empty" | "nan";
  /** The ledger refuses such an entry each time, as if the server were killed before it. */
  refusedEntry: string | null;
};

type Outside = Pick<ServerDeps, "facts" | "transactions">;

/** A server on stores that outlive it, with a clock that only the test moves. */
export function createWorld(hooks?: ServerDeps["hooks"], outside: Partial<Outside> = {}) {
  const [state, traces] = [createMemoryServerState(), createMemoryTraceStore()];
  const transactions = createMemoryTransactionStore();
  const memory = createMemoryLedger(state);
  const faults: Faults = { store: "none", refusedEntry: null };
  const [ledger, cohorts] = [faultyLedger(memory, faults), faultyCohorts(traces.cohorts, faults)];
  let now = 1_000_000;
  const [log, silent] = [[] as string[], new Set<string>()];
  const start = async () =>
    await createServer({
      ...lonelyServer(() => now),
      transactions,
      ...(hooks === undefined ? {} : { hooks }),
      ...outside,
      term: await leadAlone(state),
      ledger,
      state,
      traces: { ...traces, cohorts },
      releases: createReleases(),
      probe: createMemoryTargetProbe(silent),
      // A store in memory answers before any timer runs out.
      readDeadlineMs: 2,
      setNow: (at) => {
        now = at;
      },
      log: { info: () => {}, warn: (message) => void log.push(message), error: (message) => void log.push(message) },
      settings: { ...parseOptions([]), latenessMs: 1000, idleTimeoutMs: 60_000, consoleDirectory: "/nowhere" },
    });
  return { ledger, traces, faults, silent, log, start, now: () => now, recordsOf: createCustomers(traces, () => now) };
}

function faultyLedger(ledger: Ledger, faults: Faults): Ledger {
  return {
    ...ledger,
    async append(entry, expected, epoch) {
      if (entry.type === faults.refusedEntry) throw new Error(`the disk refuses ${entry.type}`);
      return ledger.append(entry, expected, epoch);
    },
  };
}

function faultyCohorts(cohorts: CohortSource, faults: Faults): CohortSource {
  async function meet<T>(read: () => Promise<T>): Promise<T> {
    if (faults.store === "down") throw new Error("the store is down");
    return faults.store === "silent" ? new Promise<T>(() => {}) : read();
  }
  return {
    async members(query) {
      const members = await meet(() => cohorts.members(query));
      if (faults.store === "empty") return [];
      return faults.store === "nan" ? members.map(withoutNumbers) : members;
    },
    assigned: (query) => meet(() => cohorts.assigned(query)),
    signsOfLife: (query) => meet(() => cohorts.signsOfLife(query)),
    history: (query) => meet(() => cohorts.history(query)),
  };
}

function withoutNumbers(member: CohortMember): CohortMember {
  const { matured } = member;
  if (matured === null) return member;
  const scores = Object.fromEntries(Object.keys(matured.scores).map((name) => [name, Number.NaN]));
  const nothing = {
    turns: Number.NaN,
    failedTurns: Number.NaN,
    failedToolCalls: Number.NaN,
    meanSentiment: Number.NaN,
  };
  return { ...member, matured: { ...matured, ...nothing, scores } };
}

type Customer = { arm: "baseline" | "canary"; table: RoutingTableMessage; isEscalated: boolean };

/** The records of sessions of one turn that end at once, as a gateway sends them. */
function createCustomers(traces: ReturnType<typeof createMemoryTraceStore>, now: () => number) {
  let sessions = 0;
  return async function recordsOf({ arm, table, isEscalated }: Customer) {
    sessions += 1;
    const route = table.agents[0];
    const traceId = sessions.toString(16).padStart(32, "0");
    if (isEscalated) await traces.store.appendSpans([aSpan({ traceId, tool: aToolCall({ name: "escalate" }) })]);
    const turn = {
      ...aTurnRecord({ traceId, arm, startedAt: now(), endsSession: true }),
      id: `turn-${sessions}`,
      session: `session-${sessions}`,
      release: arm === "canary" ? route?.canary?.release : route?.current,
      rollout: route?.canary?.rollout ?? null,
      step: route?.canary?.step ?? null,
    };
    return [...assignmentsOf(turn), turn];
  };
}

function assignmentsOf<Turn extends { id: string; rollout: string | null }>(turn: Turn) {
  if (turn.rollout === null) return [];
  return [{ ...turn, id: `assignment of ${turn.id}`, kind: "assignment" as const, endsSession: false }];
}

export type World = ReturnType<typeof createWorld>;

export const codeOf = (answer: unknown) => problemSchema.parse(answer).error.code;

export async function tick(world: World, server: Server, ms = 1000): Promise<void> {
  await post(server, "/v1/clock", { now: world.now() + ms });
  await quiet();
}

export async function deployBoth(server: Server): Promise<void> {
  for (const version of DEPLOYED) await deploy(server, version);
}

export async function deploy(server: Server, version: string): Promise<void> {
  const url = `http://127.0.0.1:${VERSIONS.indexOf(version) + 1}`;
  await post(server, "/v1/deployments", { release: `support@${version}`, url });
}

export async function startRollout(world: World, server: Server, yaml = YAML): Promise<RolloutView> {
  const view = rolloutViewSchema.parse(await post(server, "/v1/rollouts", yaml));
  await tick(world, server);
  await tick(world, server);
  return view;
}

export async function viewOf(server: Server, id = "support-2-3-1"): Promise<RolloutView> {
  return rolloutViewSchema.parse(await get(server, `/v1/rollouts/${id}`));
}

/** Rounds of twelve sessions, ten of them baseline, until the rollout has left `phases`. */
export async function traffic(
  { world, server, gateway }: { world: World; server: Server; gateway: Gateway },
  rates: { baseline: number; canary: number },
  rounds: number,
): Promise<RolloutView> {
  const owed = { baseline: 0, canary: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const table = gateway.tables.at(-1);
    if (table === undefined) throw new Error("no table");
    for (let index = 0; index < 12; index += 1) {
      const weight = table.agents[0]?.canary?.weightBp ?? 0;
      const arm = index < (weight > 2000 ? 6 : 2) ? "canary" : "baseline";
      owed[arm] += rates[arm];
      const isEscalated = owed[arm] >= 1;
      if (isEscalated) owed[arm] -= 1;
      await post(server, "/v1/turns", { turns: await world.recordsOf({ arm, table, isEscalated }) });
    }
    await tick(world, server, 2000);
    const view = await viewOf(server);
    if (["RolledBack", "Succeeded"].includes(view.phase)) return view;
  }
  return viewOf(server);
}

export async function createStage(hooks?: ServerDeps["hooks"], outside: Partial<Outside> = {}) {
  const world = createWorld(hooks, outside);
  const server = await world.start();
  const gateway = await connectGateway(server);
  await deployBoth(server);
  await quiet();
  return { world, server, gateway };
}
