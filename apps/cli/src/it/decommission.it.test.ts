import { createServer } from "node:http";
import { agentViewSchema, ledgerEntrySchema, rolloutViewSchema } from "@perch/api";
import { aBuiltRelease } from "@perch/testkit";
import { afterEach, expect, test } from "vitest";
import { keepOn, ROLLOUT, startLiveSystem, until, type LiveSystem } from "./live-system.ts";

const RELEASES = ["2.3.0", "2.3.1"].map((version) => aBuiltRelease({ version, prompt: `Prompt of ${version}` }));
const FILE = `${ROLLOUT}
  drain: { deadline: 1h, onDeadline: wait }
  sunset: { scaledownDelay: 500ms, deleteDelay: 1s, keepLast: 0 }
`;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Whoever runs 2.3.1 elsewhere; keeps what it was told. */
async function startHook(): Promise<{ readonly url: string; readonly told: readonly string[] }> {
  const told: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      told.push((JSON.parse(body) as { type: string }).type);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => void server.close());
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/hook`, told };
}

async function canaryOf(system: LiveSystem) {
  const { releases } = agentViewSchema.parse(await system.read("/v1/agents/support"));
  return releases.find(({ release }) => release.version === "2.3.1");
}

test("a canary that was aborted drains to its last session, is scaled down by its hook, and decommissioned, all of it on record", async () => {
  const system = await startLiveSystem(RELEASES, "--idle-timeout", "4s");
  closers.push(() => system.stop());
  const gateway = await system.startGateway("gw-1");
  const hook = await startHook();
  const url = (await canaryOf(system))?.urls[0];
  await system.post("/v1/deployments", JSON.stringify({ release: "support@2.3.1", url, hook: hook.url }));
  await system.post("/v1/rollouts?actor=test", FILE);
  const phase = async () => rolloutViewSchema.parse(await system.read("/v1/rollouts/support-2-3-1")).phase;
  await until(phase, (found) => found === "Baking");
  const digest = (await canaryOf(system))?.release.digest;
  const mine: string[] = [];
  for (let count = 0; count < 20; count += 1) {
    if ((await system.turn(gateway, `s-${count}`)) === digest) mine.push(`s-${count}`);
  }
  const [session = ""] = mine;
  expect(session).not.toBe("");
  const talk = keepOn(() => system.turn(gateway, session));
  await system.post("/v1/rollouts/support-2-3-1/abort", JSON.stringify({ reason: "enough" }));
  await until(
    () => canaryOf(system),
    (found) => found?.retirement?.stage === "draining" && (found.livePins ?? 0) > 0,
  );
  const shown = await system.perch("drain", "support");
  expect(shown.out).toMatch(/support@2\.3\.1 {2}Draining {2}since .* by the file of support-2-3-1/);
  expect(hook.told).toEqual([]);
  await talk.stop();

  await until(
    () => canaryOf(system),
    (found) => found?.status === "Decommissioned",
  );
  await until(
    () => hook.told,
    (told) => told.includes("deployment.delete"),
  );
  expect(hook.told).toEqual(["deployment.scaleDown", "deployment.delete"]);
  const entries = ledgerEntrySchema.array().parse(await system.read("/v1/agents/support/ledger"));
  const types = entries.map(({ type }) => type).filter((type) => type !== "deploymentRegistered");
  const expected = ["drainStarted", "releaseDrained", "releaseScaledDown", "deploymentHookAnswered"];
  expect(types.filter((type) => type !== "releaseAdmitted")).toEqual([
    ...expected,
    "releaseDecommissioned",
    "deploymentHookAnswered",
  ]);
  // Its pin has run out: to the gateway it is a new session.
  expect(await system.turn(gateway, session)).not.toBe(digest);
  expect((await system.perch("ledger", "verify")).code).toBe(0);
}, 180_000);
