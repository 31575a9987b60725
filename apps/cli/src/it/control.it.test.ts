import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentViewSchema, rolloutViewSchema, type RolloutView } from "@perch/api";
import { aBuiltRelease } from "@perch/testkit";
import { freePort } from "@perch/testkit/servers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROLLOUT, startLiveSystem, until, type LiveSystem, type Ran, type Running } from "./live-system.ts";

const RELEASES = ["2.3.0", "2.3.1", "2.3.2"].map((version) =>
  aBuiltRelease({ version, prompt: `Prompt of ${version}` }),
);

let system: LiveSystem;
let gateway: Running;
const perch = (...args: string[]): Promise<Ran> => system.perch(...args);
const rolloutOf = async (id: string): Promise<RolloutView> =>
  rolloutViewSchema.parse(await system.read(`/v1/rollouts/${id}`));

beforeAll(async () => {
  system = await startLiveSystem(RELEASES);
  gateway = await system.startGateway("gw-1");
  await system.post("/v1/rollouts?actor=test", ROLLOUT);
  await until(
    () => rolloutOf("support-2-3-1"),
    ({ phase }) => phase === "Baking",
  );
  for (let count = 0; count < 20; count += 1) await system.turn(gateway, `s-${count}`);
});
afterAll(() => system.stop());

async function answerOf(session: string): Promise<{ status: number; code: unknown }> {
  const headers = { "x-session-id": session, connection: "close" };
  const answer = await fetch(`${gateway.url}/support/chat`, { method: "POST", body: "{}", headers });
  const { error } = (await answer.json()) as { error?: { code: unknown } };
  return { status: answer.status, code: error?.code ?? null };
}

test("perch kill refuses everybody at once, sessions under way too, until it is undone", async () => {
  const { code, out, err } = await perch("kill", "support", "--reason", "it refunds everybody");
  expect([code, err]).toEqual([0, ""]);
  expect(out).toMatch(/^support refuses everybody since \S+Z: it refunds everybody \(cli:/);
  for (const session of ["s-0", "never-seen"]) {
    expect(
      await until(
        () => answerOf(session),
        ({ status }) => status !== 200,
      ),
    ).toEqual({ status: 503, code: "agent_killed" });
  }
  expect(
    await until(
      () => rolloutOf("support-2-3-1"),
      ({ phase }) => phase === "Paused",
    ),
  ).toMatchObject({ weightBp: 0 });
  const undone = await perch("kill", "support", "--undo", "--reason", "mended");
  expect(undone.out).toContain("support serves again");
  expect(
    await until(
      () => answerOf("s-0"),
      ({ status }) => status === 200,
    ),
  ).toEqual({ status: 200, code: null });
  await perch("rollout", "resume", "support-2-3-1");
  await until(
    () => rolloutOf("support-2-3-1"),
    ({ phase }) => phase === "Baking",
  );
});

test("perch kill --to sends everybody to one release, and sessions of the others are moved there on record", async () => {
  const before = await until(
    async () => {
      const releases = await Promise.all([...Array(20).keys()].map((count) => system.turn(gateway, `s-${count}`)));
      return new Set(releases).size;
    },
    (kinds) => kinds === 2,
  );
  expect(before).toBe(2);
  expect((await perch("kill", "support", "--to", "2.3.0", "--reason", "back to what we know")).code).toBe(0);
  const baseline = agentViewSchema.parse(await system.read("/v1/agents/support")).killed?.to?.digest;
  await until(
    () => Promise.all([...Array(20).keys()].map((count) => system.turn(gateway, `s-${count}`))),
    (releases) => releases.every((release) => release === baseline),
  );
  expect((await perch("move", "support")).out).toContain("evict");
  await perch("kill", "support", "--undo", "--reason", "mended");
  await perch("rollout", "resume", "support-2-3-1");
  await until(
    () => rolloutOf("support-2-3-1"),
    ({ phase }) => phase === "Baking",
  );
});

test("what makes no sense is refused with what was expected", async () => {
  const both = await perch("kill", "support", "--undo", "--to", "2.3.0", "--reason", "x");
  expect([both.code, both.err]).toEqual([2, expect.stringContaining("found --undo with --to")]);
  const nobody = await perch("rollout", "undo", "support-2-3-1");
  expect(nobody.err).toContain("cannot undo the rollout support-2-3-1: it is Baking");
});

test("a newer release takes the place of the rollout under way, over the gateway's acknowledgement", async () => {
  const file = join(system.scratch, "next.yaml");
  const next = ROLLOUT.replaceAll("2-3-1", "2-3-2")
    .replace("release: 2.3.1", "release: 2.3.2")
    .replace("seed: fixed", "seed: auto");
  writeFileSync(file, next.replace("  steps:", "  supersede: replace\n  steps:"));
  expect((await perch("rollout", "start", "-f", file)).code).toBe(0);
  await until(
    () => rolloutOf("support-2-3-2"),
    ({ phase }) => phase === "Baking",
  );
  expect((await rolloutOf("support-2-3-1")).phase).toBe("Superseded");
});

test("perch rollout rollback waits for a baseline that is gone, and --force does not", async () => {
  const gone = `http://127.0.0.1:${await freePort()}`;
  await system.post("/v1/deployments", JSON.stringify({ release: "support@2.3.0", url: gone }));
  const waiting = await perch("rollout", "rollback", "support-2-3-2", "--reason", "it lies");
  expect(waiting.out).toContain(
    `it is not rolled back before the baseline answers (${gone} does not answer: ECONNREFUSED)`,
  );
  expect((await perch("rollout", "rollback", "support-2-3-2", "--force", "--reason", "it lies")).code).toBe(0);
  await until(
    () => rolloutOf("support-2-3-2"),
    ({ phase }) => phase === "RolledBack",
  );
});
