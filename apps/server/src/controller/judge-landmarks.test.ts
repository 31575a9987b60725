import { parseRolloutEvent, type LedgerEntry, type RolloutEvent } from "@perch/domain";
import { describe, expect, test } from "vitest";
import { connectGateway, createStage, post, startRollout, tick, viewOf, YAML } from "../it/stage.ts";

type Stage = Awaited<ReturnType<typeof createStage>>;
type Records = Awaited<ReturnType<Stage["world"]["recordsOf"]>>;

const [ROUND_MS, AGE_MS] = [2000, 10_000];
const FILE = YAML.replace("kind: proportion, objective", "kind: proportion, maturation: landmark, age: 10s, objective");

/** Rounds of ten baseline sessions and two of the canary; what becomes of each record is for the caller to say. */
async function rounds(stage: Stage, count: number, deliver: (records: Records, nth: number) => Records): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    const table = stage.gateway.tables.at(-1) ?? expect.fail("no gateway has a table");
    const records: Records = [];
    for (let index = 0; index < 12; index += 1) {
      const arm = index < 2 ? "canary" : "baseline";
      records.push(...deliver(await stage.world.recordsOf({ arm, table, isEscalated: false }), index));
    }
    await post(stage.server, "/v1/turns", { turns: records });
    await tick(stage.world, stage.server, ROUND_MS);
  }
}

async function begin(file = FILE): Promise<Stage> {
  const stage = await createStage();
  await startRollout(stage.world, stage.server, file);
  return stage;
}

function parsed(entry: LedgerEntry): RolloutEvent | null {
  return entry.subject.startsWith("agent/") ? null : parseRolloutEvent(entry);
}

/** One of the canary's two sessions goes on and on: it has had its first turn, and does not end. */
const oneHangs = (records: Records, nth: number): Records =>
  nth === 0 ? records.map((record) => ({ ...record, endsSession: false })) : records;
const allEnd = (records: Records): Records => records;
const canarySilent = (records: Records, nth: number): Records =>
  nth < 2 ? records.filter(({ kind }) => kind === "assignment") : records;

const gateOf = async ({ server }: Stage) => (await viewOf(server)).gates[0] ?? expect.fail("the rollout has no gate");
const readings = async ({ world }: Stage) =>
  (await world.ledger.readAll(0))
    .map(parsed)
    .flatMap((event) => (event?.type === "landmarkJudged" ? [event.reading] : []));

test("a canary whose sessions go on for ever is rolled back while those that ended all look well", async () => {
  const stage = await begin();
  await rounds(stage, 24, oneHangs);
  const view = await viewOf(stage.server);
  expect(view).toMatchObject({ phase: "RolledBack", culprits: ["escalation-rate"] });
  expect(view.gates[0]).toMatchObject({ canary: { bad: 0 }, landmark: { ageMs: AGE_MS, baseline: { bad: 0 } } });
});

test("sessions are read at their age, long before a block stops waiting for them", async () => {
  const stage = await begin();
  await rounds(stage, 1, oneHangs);
  await rounds(stage, AGE_MS / ROUND_MS + 1, allEnd);
  expect(await gateOf(stage)).toMatchObject({
    canary: { sessions: 0 },
    landmark: { canary: { sessions: 14, bad: 1 } },
  });
});

test("a session that ends after its reading is not read again", async () => {
  const stage = await begin();
  const hanging: Records = [];
  await rounds(stage, 1, (records, nth) => {
    if (nth === 0) hanging.push(...records.filter(({ kind }) => kind === "turn"));
    return oneHangs(records, nth);
  });
  await rounds(stage, 8, allEnd);
  const before = await readings(stage);
  const ends = hanging.map((turn) => ({ ...turn, id: `end of ${turn.id}`, endsSession: true }));
  await post(stage.server, "/v1/turns", { turns: ends });
  await tick(stage.world, stage.server, 5000);
  expect((await readings(stage)).slice(0, before.length)).toEqual(before);
  expect((await gateOf(stage)).landmark).toMatchObject({ canary: { bad: 1 } });
});

describe("a canary of which nothing is heard", () => {
  test("is not read, however long that lasts, and the gate holds", async () => {
    const stage = await begin();
    await rounds(stage, 30, canarySilent);
    await tick(stage.world, stage.server, 6 * 3_600_000);
    expect(await readings(stage)).toEqual([]);
    expect((await gateOf(stage)).verdict).toBe("inconclusive");
  });

  test("is read as it is once it is heard of again, without what was lost", async () => {
    const stage = await begin(FILE.replace("age: 10s", "age: 40s"));
    await rounds(stage, 20, allEnd);
    await rounds(stage, 30, canarySilent);
    await rounds(stage, 110, allEnd);
    const { landmark } = await gateOf(stage);
    expect(landmark?.canary.sessions).toBeGreaterThan(150);
    expect(landmark?.canary.bad).toBe(0);
  });

  test("for longer than the age, because all of its records come late, has its sessions judged by what they were", async () => {
    const stage = await begin();
    const late: Records = [];
    await rounds(stage, 12, (records, nth) => {
      if (nth < 2) late.push(...records.filter(({ kind }) => kind === "turn"));
      return canarySilent(records, nth);
    });
    expect(await readings(stage)).toEqual([]);
    await post(stage.server, "/v1/turns", { turns: late });
    await rounds(stage, 12, allEnd);
    expect((await gateOf(stage)).landmark).toMatchObject({ canary: { bad: 0 } });
    expect(await readings(stage)).not.toEqual([]);
  });
});

test("a store that is away when sessions come to the age is read when it is back, with the same result", async () => {
  const played = async (isAway: boolean) => {
    const stage = await begin();
    await rounds(stage, 3, oneHangs);
    if (isAway) stage.world.faults.store = "down";
    await rounds(stage, 8, allEnd);
    stage.world.faults.store = "none";
    await tick(stage.world, stage.server, 40_000);
    return readings(stage);
  };
  const undisturbed = await played(false);
  expect(undisturbed[0]?.counts).toMatchObject({ canarySessions: 2, canaryBad: 1 });
  expect(await played(true)).toEqual(undisturbed);
});

test("a server that is killed between what it reads of a block and at an age ends with the same readings", async () => {
  const played = async (isKilled: boolean) => {
    let stage = await begin();
    await rounds(stage, 8, allEnd);
    if (isKilled) stage.world.faults.refusedEntry = "landmarkJudged";
    await rounds(stage, 8, oneHangs);
    stage.world.faults.refusedEntry = null;
    if (isKilled) {
      const server = await stage.world.start();
      stage = { ...stage, server, gateway: await connectGateway(server) };
    }
    await tick(stage.world, stage.server, 2000);
    await rounds(stage, 12, oneHangs);
    const view = await viewOf(stage.server);
    return { phase: view.phase, landmark: view.gates[0]?.landmark, logE: view.gates[0]?.logE };
  };
  const [whole, killed] = [await played(false), await played(true)];
  expect(whole.landmark?.canary.bad).toBeGreaterThan(0);
  expect(killed).toEqual(whole);
});
