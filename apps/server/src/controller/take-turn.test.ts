import { rolloutViewSchema, type RolloutView } from "@perch/api";
import { digestOf } from "@perch/domain";
import { expect, test } from "vitest";
import {
  codeOf,
  connectGateway,
  createStage,
  deploy,
  get,
  post,
  quiet,
  startRollout,
  tick,
  viewOf,
  YAML,
} from "../it/stage.ts";

type Stage = Awaited<ReturnType<typeof createStage>>;

const yamlOf = (version: string, supersede: string): string =>
  YAML.replaceAll("2-3-1", version.replaceAll(".", "-"))
    .replace("release: 2.3.1", `release: ${version}`)
    .replace("  steps:", `  supersede: ${supersede}\n  steps:`);

const phases = async ({ server }: Stage, ...versions: string[]) =>
  Promise.all(versions.map(async (version) => (await view({ server }, version)).phase));

const view = ({ server }: Pick<Stage, "server">, version: string): Promise<RolloutView> =>
  viewOf(server, `support-${version.replaceAll(".", "-")}`);

const canaryOf = ({ gateway }: Stage) => gateway.tables.at(-1)?.agents[0]?.canary ?? null;

async function stageWithThree(): Promise<Stage> {
  const stage = await createStage();
  await deploy(stage.server, "2.3.2");
  await deploy(stage.server, "2.3.3");
  await startRollout(stage.world, stage.server);
  return stage;
}

async function apply(stage: Stage, version: string, supersede: string): Promise<RolloutView> {
  return rolloutViewSchema.parse(await post(stage.server, "/v1/rollouts", yamlOf(version, supersede)));
}

async function settle(stage: Stage): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await tick(stage.world, stage.server);
}

test("a newer release takes an older one's place, with its seed and from its baseline, and without blame", async () => {
  const stage = await stageWithThree();
  const before = canaryOf(stage);
  await apply(stage, "2.3.2", "replace");
  await settle(stage);
  expect(await phases(stage, "2.3.1", "2.3.2")).toEqual(["Superseded", "Baking"]);
  expect((await view(stage, "2.3.1")).reason).toBe("the rollout support-2-3-2 takes its place");
  expect(canaryOf(stage)).toMatchObject({ release: digestOf("2.3.2"), seed: before?.seed, step: 0, weightBp: 2000 });
  expect((await view(stage, "2.3.2")).baseline.version).toBe("2.3.0");
  expect(await get(stage.server, "/v1/agents/support")).toMatchObject({
    releases: [
      { status: "Current", quarantined: false },
      { status: "Draining", quarantined: false },
      { status: "Ramping" },
      { status: "Inactive" },
    ],
  });
});

test("two releases of an agent are never ramped at once, whatever replaces what", async () => {
  const stage = await stageWithThree();
  const [first, second] = [digestOf("2.3.1"), digestOf("2.3.2")];
  stage.gateway.isDeaf = true;
  await apply(stage, "2.3.2", "replace");
  await apply(stage, "2.3.3", "replace");
  await quiet();
  // The gateway has not said that it left the first one alone, so nothing else may begin.
  expect(await phases(stage, "2.3.1", "2.3.2", "2.3.3")).toEqual(["Superseding", "Superseding", "Pending"]);
  expect((await view(stage, "2.3.3")).waitingFor[0]).toBe("rollout support-2-3-1 to be over (Superseding)");
  expect(canaryOf(stage)).toBeNull();
  stage.gateway.isDeaf = false;
  const { revision } = stage.gateway.tables.at(-1) ?? {};
  await post(stage.server, "/v1/gateways/gw-1/acks", { revision, appliedAt: 0 });
  await settle(stage);
  expect(await phases(stage, "2.3.1", "2.3.2", "2.3.3")).toEqual(["Superseded", "Superseded", "Baking"]);
  const releases = stage.gateway.tables.flatMap(({ agents }) => agents[0]?.canary?.release ?? []);
  expect(releases).not.toContain(second);
  expect(releases.lastIndexOf(first)).toBeLessThan(releases.indexOf(digestOf("2.3.3")));
});

test("a queued rollout waits for the one before it, and goes on from what that has left", async () => {
  const stage = await stageWithThree();
  const queued = await apply(stage, "2.3.2", "queue");
  expect(queued).toMatchObject({ phase: "Pending", reason: "rollout support-2-3-1 to be over (Baking)" });
  await settle(stage);
  expect(await phases(stage, "2.3.1", "2.3.2")).toEqual(["Baking", "Pending"]);
  await post(stage.server, "/v1/rollouts/support-2-3-1/promote", {});
  await settle(stage);
  // A promotion bakes for an hour first.
  await tick(stage.world, stage.server, 3_600_000);
  await settle(stage);
  expect(await phases(stage, "2.3.1", "2.3.2")).toEqual(["Succeeded", "Baking"]);
  expect((await view(stage, "2.3.2")).baseline.version).toBe("2.3.1");
  // The way back from under it is closed.
  expect(codeOf(await post(stage.server, "/v1/rollouts/support-2-3-1/rollback", {}))).toBe("not_possible_now");
});

test("what is being taken back already is not superseded, but waited for", async () => {
  const stage = await stageWithThree();
  stage.gateway.isDeaf = true;
  await post(stage.server, "/v1/rollouts/support-2-3-1/rollback", { reason: "now" });
  await apply(stage, "2.3.2", "replace");
  await tick(stage.world, stage.server);
  expect(await phases(stage, "2.3.1", "2.3.2")).toEqual(["RollingBack", "Pending"]);
  // Until the gateway's lease has run out.
  await tick(stage.world, stage.server, 20_000);
  await settle(stage);
  expect((await view(stage, "2.3.1")).phase).toBe("RolledBack");
});

test("a queued release that became current or quarantined in the meantime fails unexposed", async () => {
  const stage = await stageWithThree();
  const again = yamlOf("2.3.1", "queue");
  await post(stage.server, "/v1/rollouts", again);
  await post(stage.server, "/v1/rollouts/support-2-3-1/promote", {});
  await settle(stage);
  // A promotion bakes for an hour first.
  await tick(stage.world, stage.server, 3_600_000);
  await settle(stage);
  expect(await viewOf(stage.server, "support-2-3-1.2")).toMatchObject({
    phase: "Failed",
    reason: "support@2.3.1 is the current release already",
  });
});

test("a queued rollout can be aborted before its turn", async () => {
  const stage = await stageWithThree();
  await apply(stage, "2.3.2", "queue");
  await post(stage.server, "/v1/rollouts/support-2-3-2/abort", {});
  await settle(stage);
  expect(await phases(stage, "2.3.1", "2.3.2")).toEqual(["Baking", "Aborted"]);
});

test("a server that was killed between the two records of a replacement finishes it", async () => {
  const stage = await stageWithThree();
  stage.world.faults.refusedEntry = "superseded";
  await post(stage.server, "/v1/rollouts", yamlOf("2.3.2", "replace"));
  expect(await phases(stage, "2.3.1", "2.3.2")).toEqual(["Baking", "Pending"]);
  stage.world.faults.refusedEntry = null;
  const server = await stage.world.start();
  const gateway = await connectGateway(server);
  const next = { ...stage, server, gateway };
  await settle(next);
  expect(await phases(next, "2.3.1", "2.3.2")).toEqual(["Superseded", "Baking"]);
});
