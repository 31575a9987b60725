import type { RolloutView } from "@perch/api";
import { describe, expect, test } from "vitest";
import { createStage, post, startRollout, tick, viewOf, YAML, type Faults } from "../it/stage.ts";

type Stage = Awaited<ReturnType<typeof createStage>>;
type Records = Awaited<ReturnType<Stage["world"]["recordsOf"]>>;
type Fault = {
  readonly store?: Faults["store"];
  /** What reaches the server of a session while the fault lasts; none of it, some of it, or more. */
  readonly deliver?: (records: Records) => Records;
  /** Kept back until so many rounds later: all records, or those of turns that the canary answered. */
  readonly lateRounds?: number;
  readonly isLate?: (record: Records[number]) => boolean;
};

/** With everything on: what the file's defaults do, and the fast path besides. */
const FILE = YAML.replace(
  "    interval: 10s",
  "    interval: 10s\n    initialDelay: 5s\n    circuitBreaker: { max: 0.5, window: 30s }",
);
/** The same with sessions that are also judged when they are ten seconds old. */
const AGED = FILE.replace("kind: proportion, objective", "kind: proportion, maturation: landmark, age: 10s, objective");
const FILES = [
  ["sessions that have ended", FILE],
  ["sessions at an age", AGED],
] as const;
const ROUND_MS = 2000;
const HARMFUL = { baseline: 0.08, canary: 0.9 };
const HEALTHY = { baseline: 0.08, canary: 0.08 };

/** Ten baseline sessions and two of the canary a round, or six of each when the canary has half. */
function createRounds({ world, gateway }: Stage, rates: typeof HEALTHY) {
  const owed = { baseline: 0, canary: 0 };
  return async function round(deliver: NonNullable<Fault["deliver"]>): Promise<Records> {
    const table = gateway.tables.at(-1);
    if (table === undefined) throw new Error("no table");
    const canaries = (table.agents[0]?.canary?.weightBp ?? 0) > 2000 ? 6 : 2;
    const batch: Records = [];
    for (let index = 0; index < 12; index += 1) {
      const arm = index < canaries ? "canary" : "baseline";
      owed[arm] += rates[arm];
      const isEscalated = owed[arm] >= 1;
      if (isEscalated) owed[arm] -= 1;
      batch.push(...deliver(await world.recordsOf({ arm, table, isEscalated })));
    }
    return batch;
  };
}

async function play(stage: Stage, fault: Fault, run: { rates: typeof HEALTHY; rounds: number }): Promise<RolloutView> {
  const { world, server } = stage;
  const { store = "none", deliver = (records: Records) => records, lateRounds = 0, isLate = () => true } = fault;
  world.faults.store = store;
  const nextRound = createRounds(stage, run.rates);
  const waiting: Records[] = [];
  for (let round = 0; round < run.rounds; round += 1) {
    const records = await nextRound(deliver);
    waiting.push(records.filter(isLate));
    const late = waiting.length > lateRounds ? (waiting.shift() ?? []) : [];
    const due = [...late, ...records.filter((record) => !isLate(record))];
    if (due.length > 0) await post(server, "/v1/turns", { turns: due });
    await tick(world, server, ROUND_MS);
    const view = await viewOf(server);
    if (["RolledBack", "Succeeded"].includes(view.phase)) return view;
  }
  return viewOf(server);
}

async function begin(file: string = FILE): Promise<Stage> {
  const stage = await createStage();
  await startRollout(stage.world, stage.server, file);
  return stage;
}

const failing = (records: Records): Records => records.map((record) => ({ ...record, status: 502 }));
const ofBaseline = (records: Records): Records => records.filter(({ arm }) => arm === "baseline");
const assignmentsOnly = (records: Records): Records =>
  records.filter(({ arm, kind }) => arm === "baseline" || kind === "assignment");

/** Nothing can be known of the canary, so nothing may be decided about it, whatever it is like. */
const BLINDING: readonly { readonly name: string; readonly fault: Fault }[] = [
  { name: "the store knows of no session (empty)", fault: { store: "empty" } },
  { name: "no session at all (zero traffic)", fault: { deliver: () => [] } },
  { name: "the store answers with an error (provider 5xx)", fault: { store: "down" } },
  { name: "the store does not answer (provider slow)", fault: { store: "silent" } },
  { name: "nothing is heard of the canary's sessions (one arm silent)", fault: { deliver: ofBaseline } },
  { name: "the canary's sessions begin and say nothing (one arm silent)", fault: { deliver: assignmentsOnly } },
];

describe.each(FILES)("by %s neither promoted nor rolled back while", (_name, file) => {
  test.each(BLINDING)(
    "$name",
    async ({ fault }) => {
      for (const rates of [HARMFUL, HEALTHY]) {
        const stage = await begin(file);
        const view = await play(stage, fault, { rates, rounds: 60 });
        expect(["Baking", "Paused"]).toContain(view.phase);
        // And not much later either: half a day is what a step may wait.
        await tick(stage.world, stage.server, 6 * 3_600_000);
        await tick(stage.world, stage.server, 7 * 3_600_000);
        expect(["Baking", "Paused"]).toContain((await viewOf(stage.server)).phase);
      }
    },
    60_000,
  );
});

test("neither promoted nor rolled back while what both releases stand on fails (model provider 5xx)", async () => {
  const view = await play(await begin(), { deliver: failing }, { rates: HEALTHY, rounds: 120 });
  expect(view).toMatchObject({ phase: "Paused", pausedBy: "providerOutage" });
}, 60_000);

test("a score that is not a number lets nobody pass", async () => {
  const stage = await createStage();
  const gate = "      - { name: helpful, of: score.helpful, kind: proportion }\n";
  await startRollout(
    stage.world,
    stage.server,
    FILE.replace("      - { name: error-rate", `${gate}      - { name: error-rate`),
  );
  const view = await play(stage, { store: "nan" }, { rates: HEALTHY, rounds: 120 });
  expect(["Baking", "Paused"]).toContain(view.phase);
}, 60_000);

/** The gateways' clock against the server's, apart for both arms. */
const skewed = (records: Records): Records =>
  records.map((record) => ({
    ...record,
    startedAt: record.startedAt + (record.arm === "canary" ? 600_000 : -600_000),
  }));
const twice = (records: Records): Records => [...records, ...records];

/** What is known of the canary arrives, if strangely: it decides as it would have, and never the other way round. */
const DISTURBING: readonly { readonly name: string; readonly fault: Fault }[] = [
  { name: "gateways' clocks are ten minutes apart (clock skew)", fault: { deliver: skewed } },
  { name: "records come half a minute late (late data)", fault: { lateRounds: 15 } },
  {
    name: "only what the canary answered comes late (late data of one arm)",
    fault: { lateRounds: 15, isLate: ({ arm, kind }) => arm === "canary" && kind === "turn" },
  },
  { name: "every record comes twice (duplicate windows)", fault: { deliver: twice } },
];

describe.each(FILES)(
  "by %s a healthy canary is not rolled back, and a harmful one not promoted, although",
  (_, file) => {
    test.each(DISTURBING)(
      "$name",
      async ({ fault }) => {
        expect((await play(await begin(file), fault, { rates: HEALTHY, rounds: 120 })).phase).not.toBe("RolledBack");
        const harmful = await play(await begin(file), fault, { rates: HARMFUL, rounds: 120 });
        expect(["Baking", "Paused", "RolledBack"]).toContain(harmful.phase);
      },
      60_000,
    );
  },
);

test("records that come twice weigh as much as records that come once", async () => {
  const evidence = async (fault: Fault): Promise<unknown> => {
    const { gates } = await play(await begin(), fault, { rates: HEALTHY, rounds: 40 });
    return gates.map(({ name, logE, canary, baseline }) => ({ name, logE, canary, baseline }));
  };
  expect(await evidence({ deliver: twice })).toEqual(await evidence({}));
}, 60_000);

describe("a rollout says what it waits for, and goes on by itself when that has passed:", () => {
  const pausedBy = async ({ server }: Stage): Promise<string | null> => (await viewOf(server)).pausedBy;

  test("the sessions, after four failed reads", async () => {
    const stage = await begin();
    stage.world.faults.store = "down";
    for (let read = 0; read < 3; read += 1) await tick(stage.world, stage.server, 40_000);
    expect(await pausedBy(stage)).toBeNull();
    await tick(stage.world, stage.server, 40_000);
    expect(await viewOf(stage.server)).toMatchObject({ phase: "Paused", pausedBy: "metricsOutage", weightBp: 2000 });
    stage.world.faults.store = "none";
    await tick(stage.world, stage.server, 40_000);
    expect((await viewOf(stage.server)).phase).toBe("Baking");
  });

  test("sessions of the canary, after the grace period", async () => {
    const stage = await begin();
    for (let minute = 0; minute < 32; minute += 1) await tick(stage.world, stage.server, 60_000);
    expect(await viewOf(stage.server)).toMatchObject({ phase: "Paused", pausedBy: "noTraffic", weightBp: 2000 });
    await play(stage, {}, { rates: HEALTHY, rounds: 1 });
    for (let minute = 0; minute < 8; minute += 1) await tick(stage.world, stage.server, 60_000);
    expect(await pausedBy(stage)).toBeNull();
  });

  test("whatever both releases stand on", async () => {
    const stage = await begin();
    await play(stage, { deliver: failing }, { rates: HEALTHY, rounds: 3 });
    expect(await pausedBy(stage)).toBe("providerOutage");
    await tick(stage.world, stage.server, 60_000);
    expect(await pausedBy(stage)).toBeNull();
  });
});

test("the circuit breaker opens while the store is away, on the gateways' own counts", async () => {
  const stage = await begin();
  const failingCanary = (records: Records): Records =>
    records.map((record) => (record.arm === "canary" ? { ...record, status: 502 } : record));
  const view = await play(stage, { store: "down", deliver: failingCanary }, { rates: HEALTHY, rounds: 12 });
  expect(view).toMatchObject({ phase: "RolledBack", culprits: ["circuit-breaker"] });
  expect(view.reason).toMatch(/^\d+ of \d+ turns of the canary failed, and 0 of \d+ of the baseline$/);
});
