import {
  agentViewSchema,
  gatewayViewSchema,
  ledgerEntrySchema,
  ledgerPageSchema,
  problemSchema,
  rolloutViewSchema,
} from "@perch/api";
import { digestOf, verifyChain } from "@perch/domain";
import { expect, test } from "vitest";
import {
  codeOf,
  connectGateway,
  createStage,
  createWorld,
  deployBoth,
  get,
  post,
  quiet,
  send,
  startRollout,
  tick,
  traffic,
  viewOf,
  YAML,
} from "./it/stage.ts";

test("a canary that escalates more is rolled back, named, proven to have arrived, and quarantined", async () => {
  const stage = await createStage();
  await startRollout(stage.world, stage.server);
  expect((await viewOf(stage.server)).phase).toBe("Baking");
  const view = await traffic(stage, { baseline: 0.08, canary: 0.6 }, 60);
  expect([view.phase, view.culprits, view.weightBp]).toEqual(["RolledBack", ["escalation-rate"], 0]);
  expect(view.reason).toContain("escalation-rate");
  expect(view.propagation?.gateways).toEqual([{ gateway: "gw-1", ackedAt: expect.any(Number), fenced: false }]);
  expect(view.canarySessionsAtDecision).toBe(view.gates[0]?.canary.sessions);
  expect(view.gates[0]?.explanation).toMatch(/odds 1:.* against no harm \(rolls back at 1:200\)/);
  expect(view.gates[0]?.history.length).toBeGreaterThan(2);
  expect(stage.gateway.tables.at(-1)?.agents[0]?.canary).toBeNull();
  expect(codeOf(await post(stage.server, "/v1/rollouts", YAML))).toBe("release_quarantined");
  const again = await post(stage.server, "/v1/rollouts?force=fixed%20upstream", YAML);
  expect(rolloutViewSchema.parse(again).id).toBe("support-2-3-1.2");
});

test("a harmless canary goes through its steps and becomes the current release", async () => {
  const stage = await createStage();
  await startRollout(stage.world, stage.server);
  const view = await traffic(stage, { baseline: 0.08, canary: 0.08 }, 400);
  expect([view.phase, view.weightBp, view.switchedSessions]).toEqual(["Succeeded", 10_000, 0]);
  expect(view.timeline.map((entry) => entry.phase)).toEqual([
    "Pending",
    "Preparing",
    "Shifting",
    "Baking",
    "Shifting",
    "Baking",
    "Promoting",
    "Succeeded",
  ]);
  const agent = agentViewSchema.parse(await get(stage.server, "/v1/agents/support"));
  expect([agent.current?.version, agent.activeRollout]).toEqual(["2.3.1", null]);
  expect(agent.releases.map(({ status }) => status)).toEqual(["Draining", "Current"]);

  // The way back stays open for a while.
  await post(stage.server, "/v1/rollouts/support-2-3-1/rollback", { reason: "customers complain" });
  await tick(stage.world, stage.server);
  expect([(await viewOf(stage.server)).phase, (await viewOf(stage.server)).culprits]).toEqual(["RolledBack", []]);
  expect(stage.gateway.tables.at(-1)?.agents[0]?.current).toBe(digestOf("2.3.0"));
});

test("a server that takes over in mid-rollout goes on from the ledger under a larger epoch", async () => {
  const stage = await createStage();
  await startRollout(stage.world, stage.server);
  const before = await traffic(stage, { baseline: 0.08, canary: 0.3 }, 4);
  expect(before.phase).toBe("Baking");
  const lastRevision = stage.gateway.tables.at(-1)?.revision;

  const server = await stage.world.start();
  const gateway = await connectGateway(server);
  const after = await viewOf(server);
  expect(after).toMatchObject({ phase: "Baking", phaseSince: before.phaseSince, gates: before.gates });
  expect(gateway.tables.at(-1)?.revision.epoch).toBe((lastRevision?.epoch ?? 0) + 1);
  expect(gateway.tables.at(-1)?.agents).toEqual(stage.gateway.tables.at(-1)?.agents);

  const end = await traffic({ ...stage, server, gateway }, { baseline: 0.08, canary: 0.6 }, 60);
  expect([end.phase, end.culprits]).toEqual(["RolledBack", ["escalation-rate"]]);
  verifyChain(await stage.world.ledger.readAll(0));
  const entries = ledgerEntrySchema.array().parse(await get(server, "/v1/rollouts/support-2-3-1/ledger"));
  expect(entries[0]?.type).toBe("applied");
});

test("while the sessions cannot be read nothing is decided, and nothing is lost", async () => {
  const stage = await createStage();
  await startRollout(stage.world, stage.server);
  stage.world.faults.store = "down";
  const blind = await traffic(stage, { baseline: 0.08, canary: 0.9 }, 10);
  expect([blind.phase, blind.gates[0]?.canary.sessions]).toEqual(["Baking", 0]);
  expect(stage.world.log).toContain("cannot judge the rollout now; it keeps its weight");
  stage.world.faults.store = "none";
  await tick(stage.world, stage.server);
  expect((await viewOf(stage.server)).phase).toBe("RolledBack");
});

test("a rollout waits for a gateway and for its canary's deployment, and says so", async () => {
  const world = createWorld();
  const server = await world.start();
  await post(server, "/v1/deployments", { release: "support@2.3.0", url: "http://127.0.0.1:1" });
  await startRollout(world, server);
  expect((await viewOf(server)).reason).toContain("perch deploy support@2.3.1");
  await post(server, "/v1/deployments", { release: "support@2.3.1", url: "http://127.0.0.1:2" });
  await tick(world, server, 100_000);
  expect(await viewOf(server)).toMatchObject({ phase: "Preparing", reason: expect.stringContaining("no gateway") });
  await connectGateway(server);
  await tick(world, server);
  await tick(world, server);
  expect((await viewOf(server)).phase).toBe("Baking");
});

test("a canary that is never deployed fails the rollout without having met anybody", async () => {
  const world = createWorld();
  const server = await world.start();
  await connectGateway(server);
  await post(server, "/v1/deployments", { release: "support@2.3.0", url: "http://127.0.0.1:1" });
  await startRollout(world, server);
  await tick(world, server, 61_000);
  expect(await viewOf(server)).toMatchObject({ phase: "Failed", reason: expect.stringContaining("no deployment") });
});

test("a weight that a gateway does not acknowledge is taken back until it answers", async () => {
  const stage = await createStage();
  stage.gateway.isDeaf = true;
  await startRollout(stage.world, stage.server);
  await tick(stage.world, stage.server, 3000);
  const stale = await viewOf(stage.server);
  expect([stale.phase, stale.weightBp]).toEqual(["Paused", 0]);
  expect(stale.reason).toContain("gw-1");
  const table = stage.gateway.tables.at(-1);
  stage.gateway.isDeaf = false;
  await post(stage.server, "/v1/gateways/gw-1/acks", { revision: table?.revision, appliedAt: 0 });
  await tick(stage.world, stage.server);
  expect((await viewOf(stage.server)).phase).toBe("Baking");
});

test("a rollback that a gateway never acknowledges is complete when its lease has run out", async () => {
  const stage = await createStage();
  await connectGateway(stage.server, "gw-2");
  await startRollout(stage.world, stage.server);
  stage.gateway.isDeaf = true;
  await post(stage.server, "/v1/rollouts/support-2-3-1/rollback", { reason: "now" });
  await quiet();
  const waiting = await viewOf(stage.server);
  expect([waiting.phase, waiting.waitingFor[0]]).toEqual(["RollingBack", "gateway gw-1 to acknowledge"]);
  await tick(stage.world, stage.server, 12_000);
  expect((await viewOf(stage.server)).phase).toBe("RollingBack");
  await tick(stage.world, stage.server, 4000);
  const view = await viewOf(stage.server);
  expect(view.phase).toBe("RolledBack");
  expect(view.propagation?.gateways.map(({ gateway, fenced }) => [gateway, fenced])).toEqual([
    ["gw-1", true],
    ["gw-2", false],
  ]);
  const gateways = gatewayViewSchema.array().parse(await get(stage.server, "/v1/gateways"));
  expect(gateways.map(({ sync }) => sync)).toEqual(["Fenced", "Synced"]);
});

test("a person can pause, resume, promote and abort, and is told when that is not possible", async () => {
  const stage = await createStage();
  const command = (verb: string) => post(stage.server, `/v1/rollouts/support-2-3-1/${verb}`, { actor: "ada" });
  await startRollout(stage.world, stage.server);
  expect(rolloutViewSchema.parse(await command("pause"))).toMatchObject({ phase: "Paused", weightBp: 2000 });
  expect(codeOf(await command("pause"))).toBe("not_possible_now");
  expect(rolloutViewSchema.parse(await command("resume")).phase).toBe("Baking");
  await command("promote");
  await tick(stage.world, stage.server);
  const view = await viewOf(stage.server);
  expect(view.phase).toBe("Succeeded");
  expect(view.timeline.find((entry) => entry.phase === "Promoting")?.actor).toBe("ada");
  expect(codeOf(await command("abort"))).toBe("not_possible_now");
});

test("what cannot be started is refused with the reason, and records no rollout", async () => {
  const world = createWorld();
  const server = await world.start();
  expect(codeOf(await post(server, "/v1/rollouts", YAML))).toBe("unknown_agent");
  await connectGateway(server);
  await deployBoth(server);
  const refused = async (yaml: string) => codeOf(await post(server, "/v1/rollouts", yaml));
  expect(await refused(YAML.replace("2.3.1\n", "9.9.9\n"))).toBe("release_unknown");
  expect(await refused(YAML.replace("2.3.1\n", "6.6.6\n"))).toBe("unsigned");
  expect(await refused(YAML.replace("2.3.1\n", "2.3.0\n"))).toBe("not_possible_now");
  expect(await refused(YAML.replace("  steps:", "  baseline: 1.0.0\n  steps:"))).toBe("baseline_not_current");
  expect(await refused("{")).toBe("yaml_malformed");
  expect(await get(server, "/v1/rollouts")).toEqual([]);
  await startRollout(world, server);
  expect(await refused(YAML)).toBe("rollout_active");
});

test("a rollout whose canary would classify its own sessions is refused, and so is such a canary later", async () => {
  const { world, server, gateway } = await createStage();
  const classifier = "{ name: router, version: '7', url: 'http://localhost:PORT/classify' }";
  const yamlAt = (port: number) =>
    YAML.replace(
      "  steps:",
      `  strategy: { type: intent, intent: { include: [refund.*], classifier: ${classifier.replace("PORT", String(port))} } }\n  steps:`,
    );
  const { error } = problemSchema.parse(await post(server, "/v1/rollouts", yamlAt(2)));
  expect(error).toMatchObject({
    code: "classifier_of_canary",
    message: expect.stringContaining("is asked at http://127.0.0.1:2, where its canary support@2.3.1 runs"),
  });
  expect(await get(server, "/v1/rollouts")).toEqual([]);

  await startRollout(world, server, yamlAt(9));
  expect(gateway.tables.at(-1)?.agents[0]?.canary?.strategy).toMatchObject({
    kind: "intent",
    classifier: { kind: "http", urls: ["http://localhost:9/classify"] },
  });
  const deploy = (version: string) =>
    post(server, "/v1/deployments?add=true", { release: `support@${version}`, url: "http://127.0.0.1:9" });
  expect(codeOf(await deploy("2.3.1"))).toBe("classifier_of_canary");
  expect(await deploy("2.3.0")).toMatchObject({ url: "http://127.0.0.1:9" });
});

test("a baseline that classifies is asked wherever it runs", async () => {
  const { world, server, gateway } = await createStage();
  const strategy = "{ type: intent, intent: { include: [refund.*], classifier: baseline } }";
  await startRollout(world, server, YAML.replace("  steps:", `  strategy: ${strategy}\n  steps:`));
  const urls = () => {
    const told = gateway.tables.at(-1)?.agents[0]?.canary?.strategy;
    return told?.kind === "intent" && told.classifier.kind === "http" ? told.classifier.urls : null;
  };
  expect(urls()).toEqual(["http://127.0.0.1:1/.well-known/perch/classify"]);
  await post(server, "/v1/deployments", { release: "support@2.3.0", url: "http://127.0.0.1:7" });
  await quiet();
  expect(urls()).toEqual(["http://127.0.0.1:7/.well-known/perch/classify"]);
});

test("every problem of a rollout file comes back with its line and column", async () => {
  const server = await createWorld().start();
  const yaml = YAML.replace("setWeight: 50", "setWeight: 10").replace("interval: 10s", "interval: soon\n    foo: 1");
  const { error } = problemSchema.parse(await post(server, "/v1/rollouts", yaml));
  expect(error.code).toBe("spec_invalid");
  expect(error.problems).toEqual([
    { line: 10, column: 9, message: expect.stringContaining("found 10 after 20") },
    { line: 12, column: 5, message: expect.stringContaining('spec.analysis.interval: found "soon"') },
    { line: 13, column: 5, message: expect.stringContaining("spec.analysis.foo: found an unknown field") },
  ]);
});

test("a release that is deployed again has moved; with ?add=true it runs in both places", async () => {
  const server = await createWorld().start();
  const urls = async () =>
    agentViewSchema.parse(await get(server, "/v1/agents/support")).releases.flatMap((release) => release.urls);
  const deploy = (port: number, query = "") =>
    post(server, `/v1/deployments${query}`, { release: "support@2.3.0", url: `http://127.0.0.1:${port}/` });
  await deploy(1);
  await deploy(2);
  expect(await urls()).toEqual(["http://127.0.0.1:2"]);
  await deploy(3, "?add=true");
  expect(await urls()).toEqual(["http://127.0.0.1:2", "http://127.0.0.1:3"]);
  await send(server, "/v1/deployments", {
    method: "DELETE",
    body: { release: "support@2.3.0", url: "http://127.0.0.1:2" },
  });
  expect(await urls()).toEqual(["http://127.0.0.1:3"]);
  const gone = await send(server, "/v1/deployments", {
    method: "DELETE",
    body: { release: "support@2.3.0", url: "http://127.0.0.1:2" },
  });
  expect(codeOf(gone)).toBe("unknown_deployment");
});

test("every other request that makes no sense is answered with a problem", async () => {
  const server = await createWorld().start();
  expect(codeOf(await get(server, "/v1/nothing"))).toBe("not_found");
  expect(codeOf(await get(server, "/v1/rollouts/nothing"))).toBe("unknown_rollout");
  expect(codeOf(await get(server, "/v1/agents/nothing"))).toBe("unknown_agent");
  expect(codeOf(await post(server, "/v1/deployments", "{"))).toBe("body_malformed");
  expect(codeOf(await post(server, "/v1/deployments", { release: 1 }))).toBe("body_malformed");
  expect(codeOf(await post(server, "/v1/deployments", { release: "x", url: "http://a" }))).toBe("reference_malformed");
  expect(
    codeOf(await post(server, "/v1/gateways/a%20b/acks", { revision: { epoch: 1, sequence: 1 }, appliedAt: 0 })),
  ).toBe("id_malformed");
  expect(codeOf(await post(server, "/v1/clock", { now: 1 }))).toBe("clock_went_back");
  expect(codeOf(await post(server, "/v1/deployments", "x".repeat(1_100_000)))).toBe("body_too_large");
});

test("a rollout of a pointer is a rollout of the release at which it stood when it was applied", async () => {
  const world = createWorld();
  const server = await world.start();
  await connectGateway(server);
  await deployBoth(server);
  const pointer = { method: "PUT", body: { release: "support@2.3.1", expected: null } };
  await send(server, "/v1/agents/support/pointers/next", pointer);
  const view = await startRollout(world, server, YAML.replace("release: 2.3.1", "release: support:next"));
  expect(view.canary).toEqual({ digest: digestOf("2.3.1"), version: "2.3.1" });
  const back = { method: "PUT", body: { release: "support@2.3.0", expected: digestOf("2.3.1") } };
  await send(server, "/v1/agents/support/pointers/next", back);
  expect((await viewOf(server)).canary.version).toBe("2.3.1");
  const unknown = await post(server, "/v1/rollouts", YAML.replace("release: 2.3.1", "release: support:nowhere"));
  expect(codeOf(unknown)).toBe("unknown_pointer");
});

test("the whole ledger is read page by page, and what the query does not take is refused", async () => {
  const { world, server } = await createStage();
  const page = async (query: string) => ledgerPageSchema.parse(await get(server, `/v1/ledger${query}`));
  const all = await world.ledger.readAll(0);
  expect(all.length).toBeGreaterThan(3);
  expect(await page("")).toEqual({ entries: all, next: null });
  expect(await page("?after=1&limit=2")).toEqual({ entries: all.slice(1, 3), next: 3 });
  expect(codeOf(await get(server, "/v1/ledger?after=-1"))).toBe("query_malformed");
  expect(codeOf(await get(server, "/v1/ledger?limit=1001"))).toBe("query_malformed");
  expect(codeOf(await get(server, "/v1/ledger?from=1"))).toBe("query_malformed");
});
