import { rolloutViewSchema, type RolloutView } from "@perch/api";
import { expect, test } from "vitest";
import { codeOf, createStage, post, startRollout, tick, traffic, viewOf, YAML } from "../it/stage.ts";

type Stage = Awaited<ReturnType<typeof createStage>>;

const HARMFUL = { baseline: 0.08, canary: 0.9 };
const BASELINE_URL = "http://127.0.0.1:1";

async function begin(fields: string): Promise<Stage> {
  const stage = await createStage();
  await startRollout(stage.world, stage.server, YAML.replace("  analysis:", `${fields}\n  analysis:`));
  return stage;
}

const command = (stage: Stage, verb: string, body: object = {}) =>
  post(stage.server, `/v1/rollouts/support-2-3-1/${verb}`, { actor: "ada", ...body });

/** Rounds of harmful traffic until the rollout stands elsewhere. */
async function untilPaused(stage: Stage): Promise<RolloutView> {
  for (let round = 0; round < 40; round += 1) {
    const view = await traffic(stage, HARMFUL, 1);
    if (view.phase !== "Baking") return view;
  }
  throw new Error("nothing was decided");
}

test("an announced rollback can be undone until its time, and is carried out then", async () => {
  const stage = await begin("  rollback: { undoWindow: 5m }");
  const announced = await untilPaused(stage);
  expect(announced).toMatchObject({ phase: "Paused", pausedBy: "undoWindow", weightBp: 0 });
  expect(announced.announcement?.culprits).toEqual(["escalation-rate"]);
  expect(rolloutViewSchema.parse(await command(stage, "undo", { reason: "a known outlier" }))).toMatchObject({
    announcement: null,
    weightBp: 2000,
  });
  expect(codeOf(await command(stage, "undo"))).toBe("not_possible_now");

  const other = await begin("  rollback: { undoWindow: 5m }");
  await untilPaused(other);
  await tick(other.world, other.server, 300_000);
  await tick(other.world, other.server);
  expect(await viewOf(other.server)).toMatchObject({ phase: "RolledBack", culprits: ["escalation-rate"] });
});

test("a machine sends nobody back to a baseline that does not answer, and does when it answers again", async () => {
  const stage = await begin("");
  stage.world.silent.add(BASELINE_URL);
  // Turns that the baseline has served lately would speak for it: none for a while.
  await tick(stage.world, stage.server, 60_000);
  const { phase, pausedBy, reason } = rolloutViewSchema.parse(await command(stage, "rollback", { reason: "now" }));
  expect({ phase, pausedBy }).toEqual({ phase: "Paused", pausedBy: "targetUnhealthy" });
  expect(reason).toBe(`now; it is not rolled back before the baseline answers (${BASELINE_URL} does not answer)`);
  stage.world.silent.delete(BASELINE_URL);
  await tick(stage.world, stage.server, 5000);
  await tick(stage.world, stage.server);
  expect((await viewOf(stage.server)).phase).toBe("RolledBack");
});

test("a person who insists is obeyed at once", async () => {
  const stage = await begin("");
  stage.world.silent.add(BASELINE_URL);
  await tick(stage.world, stage.server, 60_000);
  await command(stage, "rollback", { force: true });
  await tick(stage.world, stage.server);
  expect((await viewOf(stage.server)).phase).toBe("RolledBack");
});

test("where the file does not ask for a healthy target nobody looks", async () => {
  const stage = await begin("  rollback: { requireHealthyTarget: false }");
  stage.world.silent.add(BASELINE_URL);
  await tick(stage.world, stage.server, 60_000);
  await command(stage, "rollback");
  await tick(stage.world, stage.server);
  expect((await viewOf(stage.server)).phase).toBe("RolledBack");
});

test("pausing with freezeNew keeps new sessions away, and a flag that means nothing is refused", async () => {
  const stage = await begin("");
  expect(rolloutViewSchema.parse(await command(stage, "pause", { freezeNew: true }))).toMatchObject({
    phase: "Paused",
    weightBp: 0,
  });
  expect(stage.gateway.tables.at(-1)?.agents[0]?.canary).toBeNull();
  expect(codeOf(await command(stage, "resume", { freezeNew: true }))).toBe("body_malformed");
  expect(codeOf(await command(stage, "pause", { force: true }))).toBe("body_malformed");
});

test("sessions that begin before the initial delay has passed are not judged, of either arm", async () => {
  const stage = await createStage();
  const file = YAML.replace("    interval: 10s", "    interval: 10s\n    initialDelay: 1m");
  await startRollout(stage.world, stage.server, file);
  const cold = await traffic(stage, HARMFUL, 20);
  expect([cold.phase, cold.gates[0]?.canary.sessions, cold.gates[0]?.baseline.sessions]).toEqual(["Baking", 0, 0]);
  await tick(stage.world, stage.server, 60_000);
  const warm = await traffic(stage, { baseline: 0.08, canary: 0.08 }, 10);
  expect(warm.phase).toBe("Baking");
  expect(warm.gates[0]?.canary).toMatchObject({ bad: expect.any(Number) });
  expect((warm.gates[0]?.canary.bad ?? 9) <= 3).toBe(true);
  expect(warm.gates[0]?.canary.sessions).toBeGreaterThan(10);
});
