import { rolloutViewSchema, type RolloutView } from "@perch/api";
import {
  digestOf,
  parseAgentName,
  verifyChain,
  type JsonValue,
  type LedgerEntry,
  type ReleaseReference,
  type ReleaseSource,
} from "@perch/domain";
import { aTurnRecord, escalationSpan } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { createServer, type Server } from "./create-server.ts";
import { createAttachedGateway } from "./it/attached-gateway.ts";
import { createMortalStores, type Death, type Life } from "./it/mortal-stores.ts";
import { parseOptions } from "./options.ts";
import { lonelyServer } from "./it/lonely-server.ts";

const ID = "support-2-3-1";
const YAML = `
apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: ${ID} }
spec:
  agent: support
  release: 2.3.1
  strategy: { seed: fixed }
  steps: [ { setWeight: 50 } ]
  analysis:
    interval: 2s
    gates: [ { name: escalation-rate, kind: proportion, objective: { max: 0.5 }, compare: { margin: 0.5 } } ]
`;
/** Also judged when sessions are five seconds old; nothing ends because it has been silent or was waited for long enough. */
const AGED = YAML.replace("kind: proportion,", "kind: proportion, maturation: landmark, age: 5s,")
  .replace("interval: 2s", "interval: 1m")
  .replace("  steps:", "  pins: { idleTimeout: 1h }\n  steps:");
const SESSIONS_A_ROUND = 60;
const MOST_ROUNDS = 40;
const SETTINGS = { ...parseOptions([]), latenessMs: 1000, idleTimeoutMs: 60_000, consoleDirectory: "/nowhere" };

const releases: ReleaseSource = {
  async admit(reference: ReleaseReference) {
    const versions = ["2.3.0", "2.3.1"];
    const isMeant = (known: string): boolean =>
      reference.kind === "version" ? reference.version === known : reference.digest === digestOf(known);
    const version = versions.find(isMeant) ?? "none";
    const policy = { escalationTools: ["escalate"], successTools: [] };
    return { agent: parseAgentName("support"), version, digest: digestOf(version), policy, signedBy: ["key"] };
  },
};

/** A server that is started again whenever it has died, and the gateway and people who go on with what they were at. */
function createPlay(death: Death | null) {
  const stores = createMortalStores(death);
  const gateway = createAttachedGateway();
  let now = 1_000_000;
  let running: { readonly server: Server; readonly life: Life } | null = null;
  let starts = 0;

  async function start(): Promise<void> {
    starts += 1;
    const life = stores.begin();
    const server = await createServer({
      ...lonelyServer(() => now),
      ...life,
      term: { epoch: await life.state.nextEpoch(), isInForce: () => !life.isDead() },
      releases,
      setNow: (at) => void (now = at),
      log: { info: () => {}, warn: () => {}, error: () => {} },
      settings: SETTINGS,
    });
    running = { server, life };
    await gateway.follow(server);
    await quiet();
  }

  /** Asks until a server has lived through the answer: whoever asked hears nothing from a dead one, and asks again. */
  async function ask(path: string, request: { method: string; body?: unknown } = { method: "GET" }): Promise<unknown> {
    for (;;) {
      if (running === null || running.life.isDead()) await start().catch(() => undefined);
      if (running === null || running.life.isDead()) continue;
      const { server, life }: NonNullable<typeof running> = running;
      const answer = await server.app.request(path, {
        method: request.method,
        headers: { "content-type": "application/json" },
        ...(request.body === undefined
          ? {}
          : { body: typeof request.body === "string" ? request.body : JSON.stringify(request.body) }),
      });
      const text = await answer.text();
      await quiet();
      if (!life.isDead()) return text === "" ? null : JSON.parse(text);
    }
  }

  return {
    ...stores,
    gateway,
    ask,
    post: async (path: string, body: unknown): Promise<unknown> => await ask(path, { method: "POST", body }),
    now: () => now,
    starts: () => starts,
  };
}
type Play = ReturnType<typeof createPlay>;

/** Lets everything that waits only for the event loop happen. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function tick(play: Play, ms: number): Promise<void> {
  await play.post("/v1/clock", { now: play.now() + ms });
}

async function viewOf(play: Play): Promise<RolloutView> {
  return rolloutViewSchema.parse(await play.ask(`/v1/rollouts/${ID}`));
}

/** How many sessions are bad; `promoted`: of the canary, since everybody meets it. */
type Rates = { readonly baseline: number; readonly canary: number; readonly promoted: number };

function rateOf(arm: string, weightBp: number, { baseline, canary, promoted }: Rates): number {
  if (arm !== "canary") return baseline;
  return weightBp === 10_000 ? promoted : canary;
}

/** `hangs`: from the second round on a bad session escalates nothing, but has had its first turn and does not end. */
type Course = {
  readonly yaml: string;
  readonly rates: Rates;
  readonly hangs: boolean;
  readonly end: "Succeeded" | "RolledBack";
};

/** As many sessions of each arm as the weight says, each of one turn, which ends it. */
async function sendRound(play: Play, round: number, { rates, hangs }: Course): Promise<void> {
  const route = play.gateway.table()?.agents[0];
  const canary = route?.canary ?? null;
  const canaries = canary === null ? 0 : (SESSIONS_A_ROUND * canary.weightBp) / 10_000;
  const turns = Array.from({ length: SESSIONS_A_ROUND }, (_, index) => {
    const arm: "baseline" | "canary" = index < canaries ? "canary" : "baseline";
    const number = round * SESSIONS_A_ROUND + index + 1;
    return {
      ...aTurnRecord({ traceId: number.toString(16).padStart(32, "0"), arm, startedAt: play.now(), endsSession: true }),
      id: `turn-${number}`,
      session: `session-${number}`,
      release: arm === "canary" ? canary?.release : route?.current,
      rollout: canary?.rollout ?? null,
      step: canary?.step ?? null,
    };
  });
  const isBad = (turn: (typeof turns)[number], index: number): boolean =>
    (index * 7919 + round * 104_729) % 100 < 100 * rateOf(turn.arm, canary?.weightBp ?? 0, rates);
  const isStuck = (turn: (typeof turns)[number], index: number): boolean => hangs && round > 0 && isBad(turn, index);
  const told = turns.map((turn, index) => (isStuck(turn, index) ? { ...turn, endsSession: false } : turn));
  const escalated = hangs ? [] : turns.filter(isBad);
  const spans = escalated.map(({ traceId }) => escalationSpan(traceId, play.now()));
  await play.post("/v1/traces", {
    resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope: { name: "gen_ai" }, spans }] }],
  });
  const assignments = turns
    .filter(({ rollout }) => rollout !== null)
    .map((turn) => ({ ...turn, id: `of ${turn.id}`, kind: "assignment", endsSession: false }));
  await play.post("/v1/turns", { turns: [...assignments, ...told] });
}

/** A whole rollout, from the first deployment to a while after its end. */
async function playRollout(death: Death | null, course: Course) {
  const play = createPlay(death);
  for (const [index, version] of ["2.3.0", "2.3.1"].entries()) {
    await play.post("/v1/deployments", { release: `support@${version}`, url: `http://127.0.0.1:${index + 1}` });
  }
  await play.post("/v1/rollouts", course.yaml);
  await tick(play, 1000);
  let untilPromotion = 0;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const writes = play.writes();
    await sendRound(play, round, course);
    await tick(play, 2000);
    // A server that has just started waits for late spans once more, and looks at once: so long that any looks again.
    await tick(play, course.hangs ? 31_000 : 6000);
    const { phase } = await viewOf(play);
    if (phase === "Succeeded" && untilPromotion === 0) untilPromotion = writes;
    if (phase === course.end) break;
  }
  for (let after = 0; after < 3; after += 1) await tick(play, 2000);
  const entries = await play.ledger.readAll(0);
  verifyChain(entries);
  return {
    entries,
    view: await viewOf(play),
    writes: play.writes(),
    untilPromotion,
    starts: play.starts(),
    table: play.gateway.table(),
  };
}

const TIMES = new Set(["at", "ackedAt", "registeredAt", "since", "previousHash", "hash"]);

/** What was recorded, but for when, and under which server's start. */
function contentOf(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(contentOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !TIMES.has(name) && name !== "revision")
      .map(([name, member]) => [name, contentOf(member as JsonValue)]),
  );
}

const contentsOf = (entries: readonly LedgerEntry[]): JsonValue[] => entries.map((entry) => contentOf(entry));

/** Up to the decision. When the rest of the stuck sessions is read, once nobody waits for it, depends on when somebody looks. */
function decidingOf(entries: readonly LedgerEntry[], { hangs }: Course): JsonValue[] {
  const contents = contentsOf(entries);
  const decided = contents.findIndex((content) => JSON.stringify(content).includes('"culprits":["escalation-rate"]'));
  return hangs ? contents.slice(0, decided + 1) : contents;
}

const ORDINARY = { yaml: YAML, hangs: false };

describe.each<[string, Course]>([
  ["is promoted", { ...ORDINARY, rates: { baseline: 0.02, canary: 0.02, promoted: 0.02 }, end: "Succeeded" }],
  ["is rolled back", { ...ORDINARY, rates: { baseline: 0.02, canary: 0.8, promoted: 0.8 }, end: "RolledBack" }],
  [
    "is promoted and then breaks its promise",
    { ...ORDINARY, rates: { baseline: 0.02, canary: 0.02, promoted: 0.9 }, end: "RolledBack" },
  ],
  [
    "is rolled back at an age",
    { yaml: AGED, hangs: true, rates: { baseline: 0.02, canary: 0.8, promoted: 0.8 }, end: "RolledBack" },
  ],
])("a rollout that %s", (_name, course) => {
  test(
    "ends the same with the same ledger, at whichever durable write its server is killed",
    { timeout: 300_000 },
    async () => {
      const whole = await playRollout(null, course);
      expect([whole.view.phase, whole.starts]).toEqual([course.end, 1]);
      const expected = decidingOf(whole.entries, course);
      expect(JSON.stringify(expected).includes("landmarkJudged")).toBe(course.hangs);
      // Up to its promotion one that breaks its promise is like one that keeps it.
      const first = course.end === "RolledBack" && whole.untilPromotion > 0 ? whole.untilPromotion : 1;
      for (let atWrite = first; atWrite <= whole.writes; atWrite += 1) {
        for (const when of ["before", "after"] as const) {
          const played = await playRollout({ atWrite, when }, course);
          const where = `killed ${when} write ${atWrite} of ${whole.writes}`;
          expect(decidingOf(played.entries, course), where).toEqual(expected);
          expect([played.view.phase, played.view.culprits, played.starts], where).toEqual([
            course.end,
            whole.view.culprits,
            2,
          ]);
          expect(played.table?.agents, where).toEqual(whole.table?.agents);
        }
      }
    },
  );
});
