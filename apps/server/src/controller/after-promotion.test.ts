import type { RolloutView } from "@perch/api";
import { describe, expect, test } from "vitest";
import { createStage, post, startRollout, tick, viewOf, YAML, type Faults } from "../it/stage.ts";

type Stage = Awaited<ReturnType<typeof createStage>>;
type Records = Awaited<ReturnType<Stage["world"]["recordsOf"]>>;
type Fault = {
  readonly store?: Faults["store"];
  /** What reaches the server of a session while the fault lasts. */
  readonly deliver?: (records: Records) => Records;
  readonly lateRounds?: number;
};

/** Promoted by hand, since what leads up to it is not in question here; an error budget beside the escalations. */
const FILE = YAML.replace("kind: proportion }", "kind: proportion, objective: { max: 0.05 } }");
const ROUND_MS = 2000;

async function promote(yaml = FILE): Promise<Stage> {
  const stage = await createStage();
  await startRollout(stage.world, stage.server, yaml);
  await post(stage.server, "/v1/rollouts/support-2-3-1/promote", { reason: "by hand" });
  await tick(stage.world, stage.server);
  expect((await viewOf(stage.server)).phase).toBe("Succeeded");
  return stage;
}

/** Six sessions a round, all of them of the release that everybody meets. */
function createRounds({ world, gateway }: Stage, rate: number, deliver: NonNullable<Fault["deliver"]>) {
  let owed = 0;
  return async function round(): Promise<Records> {
    const table = gateway.tables.at(-1);
    if (table === undefined) throw new Error("no table");
    const arm = table.agents[0]?.canary === null ? "baseline" : "canary";
    const batch: Records = [];
    for (let index = 0; index < 6; index += 1) {
      owed += rate;
      const isEscalated = owed >= 1;
      if (isEscalated) owed -= 1;
      batch.push(...deliver(await world.recordsOf({ arm, table, isEscalated })));
    }
    return batch;
  };
}

/** Until it is taken back, or so many rounds. */
async function play(stage: Stage, fault: Fault, run: { rate: number; rounds: number }): Promise<RolloutView> {
  const { world, server } = stage;
  const { store = "none", deliver = (records: Records) => records, lateRounds = 0 } = fault;
  world.faults.store = store;
  const nextRound = createRounds(stage, run.rate, deliver);
  const waiting: Records[] = [];
  for (let round = 0; round < run.rounds; round += 1) {
    waiting.push(await nextRound());
    const due = waiting.length > lateRounds ? (waiting.shift() ?? []) : [];
    if (due.length > 0) await post(server, "/v1/turns", { turns: due });
    await tick(world, server, ROUND_MS);
    const view = await viewOf(server);
    if (view.phase === "RolledBack") return view;
  }
  return viewOf(server);
}

test("a release that breaks its objective after the promotion is taken back by itself, without one failing turn", async () => {
  const stage = await promote();
  expect(stage.gateway.tables.at(-1)?.agents[0]?.canary).toMatchObject({ step: 2, weightBp: 10_000 });
  expect((await viewOf(stage.server)).afterPromotion).toMatchObject({
    until: expect.any(Number),
    watching: ["escalation-rate", "error-rate"],
    silent: [],
  });
  const view = await play(stage, {}, { rate: 0.5, rounds: 120 });
  expect(view).toMatchObject({ phase: "RolledBack", culprits: ["escalation-rate"] });
  expect(view.reason).toBe("escalation-rate breaks its objective since the promotion");
  const gate = view.gates.find(({ name }) => name === "escalation-rate");
  expect(gate?.explanation).toMatch(
    /^\d+(\.\d+)? % bad since the promotion \(\d+ sessions\), promised at most 20 %; odds 1:/,
  );
  expect(gate?.promise?.found).toBeGreaterThan(0.3);
  expect(view.evidenceAtDecision?.["escalation-rate"]).toBeGreaterThanOrEqual(gate?.rejectAtLogE ?? Infinity);
}, 60_000);

test("one that keeps it stays, and once its time is over nothing is told of the rollout any more", async () => {
  const stage = await promote();
  const view = await play(stage, {}, { rate: 0.1, rounds: 100 });
  expect(view.phase).toBe("Succeeded");
  expect(view.gates[0]?.promise).toMatchObject({ kind: "rate", bound: 0.2 });
  expect(view.gates[0]?.promise?.sessions).toBeGreaterThan(500);
  await tick(stage.world, stage.server, 3_600_000);
  expect(stage.gateway.tables.at(-1)?.agents[0]?.canary).toBeNull();
  expect((await viewOf(stage.server)).afterPromotion?.until).toBeNull();
  expect((await play(stage, {}, { rate: 1, rounds: 60 })).phase).toBe("Succeeded");
}, 60_000);

test("a gate without an objective judges nothing then, and says so", async () => {
  const stage = await promote(YAML.replace("objective: { max: 0.2 }, ", ""));
  expect((await viewOf(stage.server)).afterPromotion).toMatchObject({
    watching: [],
    silent: [
      { gate: "escalation-rate", because: "it has no objective, and there is no baseline to compare with" },
      { gate: "error-rate" },
    ],
  });
  expect(stage.gateway.tables.at(-1)?.agents[0]?.canary).toBeNull();
  expect((await play(stage, {}, { rate: 1, rounds: 60 })).phase).toBe("Succeeded");
}, 60_000);

const failing = (records: Records): Records => records.map((record) => ({ ...record, status: 502 }));
const assignmentsOnly = (records: Records): Records => records.filter(({ kind }) => kind === "assignment");
const neverEnding = (records: Records): Records => records.map((record) => ({ ...record, endsSession: false }));

/** Nothing can be known of the release, so nothing may be decided about it, whatever it is like. */
const BLINDING: readonly { readonly name: string; readonly fault: Fault }[] = [
  { name: "the store knows of no session (empty)", fault: { store: "empty" } },
  { name: "no session at all (zero traffic)", fault: { deliver: () => [] } },
  { name: "the store answers with an error (provider 5xx)", fault: { store: "down" } },
  { name: "the store does not answer (provider slow)", fault: { store: "silent" } },
  { name: "its sessions begin and say nothing (silent)", fault: { deliver: assignmentsOnly } },
  { name: "every turn fails, and nothing tells whose fault it is (model provider 5xx)", fault: { deliver: failing } },
];

describe("a promotion is not taken back while", () => {
  test.each(BLINDING)(
    "$name",
    async ({ fault }) => {
      for (const rate of [0.9, 0.05]) {
        const stage = await promote();
        expect((await play(stage, fault, { rate, rounds: 60 })).phase).toBe("Succeeded");
        await tick(stage.world, stage.server, 1_800_000);
        expect((await viewOf(stage.server)).phase).toBe("Succeeded");
      }
    },
    60_000,
  );

  test("sessions do not end, although most of them have escalated", async () => {
    const stage = await promote();
    expect((await play(stage, { deliver: neverEnding }, { rate: 0.9, rounds: 25 })).phase).toBe("Succeeded");
  }, 60_000);
});

test("an outage that nobody can place is told to a person, and what it spoilt is not held against the release", async () => {
  const stage = await promote();
  await play(stage, { deliver: failing }, { rate: 0.05, rounds: 20 });
  const view = await play(stage, {}, { rate: 0.05, rounds: 60 });
  expect(view.phase).toBe("Succeeded");
  const told = view.timeline.slice(-2).map(({ text }) => text);
  expect(told).toEqual([
    expect.stringMatching(/^\d+ of \d+ turns fail, and no turns of the release before tell/),
    "turns are answered again",
  ]);
  expect(view.gates.find(({ name }) => name === "error-rate")?.promise?.found).toBe(0);
}, 60_000);

test("turns that fail now and then are the release's own, and its promise of few errors is judged", async () => {
  const stage = await promote();
  let turns = 0;
  const everyFourth = (records: Records): Records =>
    records.map((record) => {
      if (record.kind !== "turn") return record;
      turns += 1;
      return turns % 4 === 0 ? { ...record, status: 500 } : record;
    });
  const view = await play(stage, { deliver: everyFourth }, { rate: 0.05, rounds: 120 });
  expect(view).toMatchObject({ phase: "RolledBack", culprits: ["error-rate"] });
}, 60_000);

const twice = (records: Records): Records => [...records, ...records];
const skewed = (records: Records): Records =>
  records.map((record) => ({ ...record, startedAt: record.startedAt - 600_000 }));

describe("a release that keeps its promises is not taken back, although", () => {
  test.each<{ readonly name: string; readonly fault: Fault }>([
    { name: "gateways' clocks are ten minutes behind (clock skew)", fault: { deliver: skewed } },
    { name: "records come half a minute late (late data)", fault: { lateRounds: 15 } },
    { name: "every record comes twice (duplicate windows)", fault: { deliver: twice } },
  ])(
    "$name",
    async ({ fault }) => {
      expect((await play(await promote(), fault, { rate: 0.1, rounds: 100 })).phase).toBe("Succeeded");
    },
    60_000,
  );
});

test("records that come twice weigh as much as records that come once", async () => {
  const evidence = async (fault: Fault): Promise<unknown> => {
    const { gates } = await play(await promote(), fault, { rate: 0.15, rounds: 40 });
    return gates.map(({ name, logE, promise }) => ({ name, logE, promise }));
  };
  expect(await evidence({ deliver: twice })).toEqual(await evidence({}));
}, 60_000);
