import { agentViewSchema, rolloutViewSchema } from "@perch/api";
import { digestOf } from "@perch/domain";
import { expect, test } from "vitest";
import {
  codeOf,
  connectGateway,
  createStage,
  deploy,
  get,
  post,
  send,
  startRollout,
  tick,
  viewOf,
} from "../it/stage.ts";

type Stage = Awaited<ReturnType<typeof createStage>>;

const [baseline, canary] = [digestOf("2.3.0"), digestOf("2.3.1")];
const routeOf = ({ gateway }: Stage) => gateway.tables.at(-1)?.agents[0];
const agentOf = async ({ server }: Stage) => agentViewSchema.parse(await get(server, "/v1/agents/support"));

const kill = ({ server }: Stage, body: object = {}) =>
  post(server, "/v1/agents/support/kill", { actor: "ada", reason: "it refunds everybody", ...body });
const revive = ({ server }: Stage) =>
  send(server, "/v1/agents/support/kill", { method: "DELETE", body: { actor: "ada", reason: "mended" } });

async function withRollout(): Promise<Stage> {
  const stage = await createStage();
  await startRollout(stage.world, stage.server);
  return stage;
}

test("an agent that is switched off refuses everybody until a person undoes it, and its rollout stays paused", async () => {
  const stage = await withRollout();
  await kill(stage);
  await tick(stage.world, stage.server);
  expect(routeOf(stage)).toMatchObject({ refuses: "it refunds everybody", canary: null, mirror: null });
  expect((await agentOf(stage)).killed).toMatchObject({ actor: "ada", reason: "it refunds everybody", to: null });
  expect(await viewOf(stage.server)).toMatchObject({
    phase: "Paused",
    pausedBy: "manual",
    weightBp: 0,
    reason: "the agent is switched off: it refunds everybody",
  });
  await tick(stage.world, stage.server, 3_600_000);
  await revive(stage);
  await tick(stage.world, stage.server);
  expect(routeOf(stage)).toMatchObject({ refuses: null, current: baseline, canary: null });
  expect((await viewOf(stage.server)).phase).toBe("Paused");
  await post(stage.server, "/v1/rollouts/support-2-3-1/resume", {});
  await tick(stage.world, stage.server);
  expect(routeOf(stage)?.canary?.weightBp).toBe(2000);
  expect((await agentOf(stage)).releases.every(({ quarantined }) => !quarantined)).toBe(true);
});

test("or it is served by one release alone, to which the sessions of the others are moved", async () => {
  const stage = await withRollout();
  await kill(stage, { to: "2.3.0" });
  await tick(stage.world, stage.server);
  expect(routeOf(stage)).toMatchObject({ refuses: null, current: baseline, withoutLease: baseline, canary: null });
  expect(routeOf(stage)?.moves).toMatchObject([{ from: canary, to: baseline, mode: "evict", session: null }]);
  await revive(stage);
  await tick(stage.world, stage.server);
  expect(await get(stage.server, "/v1/agents/support/moves")).toMatchObject([
    { standing: "closed", outcome: "cancelled", because: "the agent is no longer switched off" },
  ]);
});

test("the switch survives the server, and is in the ledger with who and why", async () => {
  const stage = await withRollout();
  await kill(stage);
  const server = await stage.world.start();
  const gateway = await connectGateway(server);
  expect(routeOf({ ...stage, gateway })?.refuses).toBe("it refunds everybody");
  const entries = await get(server, "/v1/agents/support/ledger");
  expect(entries).toContainEqual(
    expect.objectContaining({ type: "agentKilled", body: { actor: "ada", reason: "it refunds everybody", to: null } }),
  );
});

test("a rollout does not begin while its agent is switched off", async () => {
  const stage = await createStage();
  await kill(stage);
  await startRollout(stage.world, stage.server);
  expect(await viewOf(stage.server)).toMatchObject({
    phase: "Preparing",
    reason: "the agent is switched off: it refunds everybody",
  });
  await revive(stage);
  await tick(stage.world, stage.server);
  await tick(stage.world, stage.server);
  expect((await viewOf(stage.server)).phase).toBe("Baking");
});

test("what makes no sense is refused", async () => {
  const stage = await createStage();
  expect(codeOf(await kill(stage, { reason: "" }))).toBe("body_malformed");
  expect(codeOf(await kill(stage, { to: "2.3.2" }))).toBe("not_possible_now");
  expect(codeOf(await revive(stage))).toBe("not_possible_now");
  expect(codeOf(await post(stage.server, "/v1/agents/nobody/kill", { reason: "x" }))).toBe("unknown_agent");
  expect((await agentOf(stage)).killed).toBeNull();
});

test("a release that was current until lately comes back without steps where the file allows it", async () => {
  const stage = await withRollout();
  await deploy(stage.server, "2.3.2");
  await post(stage.server, "/v1/rollouts/support-2-3-1/promote", {});
  await tick(stage.world, stage.server);
  const back = (window: string) => `
apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: back }
spec:
  agent: support
  release: 2.3.0
  steps: [{ setWeight: 20 }]
  analysis: { gates: [{ name: error-rate, kind: proportion }] }
  rollback: { window: ${window} }
`;
  const without = rolloutViewSchema.parse(await post(stage.server, "/v1/rollouts", back("{ duration: 24h }")));
  await tick(stage.world, stage.server);
  await tick(stage.world, stage.server);
  expect((await viewOf(stage.server, without.id)).phase).toBe("Baking");
  await post(stage.server, `/v1/rollouts/${without.id}/abort`, {});
  await tick(stage.world, stage.server);
  const within = rolloutViewSchema.parse(await post(stage.server, "/v1/rollouts", back("{ revisions: 1 }")));
  await tick(stage.world, stage.server);
  await tick(stage.world, stage.server);
  expect(await viewOf(stage.server, within.id)).toMatchObject({ phase: "Succeeded", weightBp: 10_000 });
  expect(routeOf(stage)?.current).toBe(baseline);
});
