import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { forecastSchema, reportSchema, rolloutViewSchema } from "@perch/api";
import { aBuiltRelease } from "@perch/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROLLOUT, startLiveSystem, until, type LiveSystem } from "./live-system.ts";

/** Two blocks of nothing are an archive of nothing. */
const EMPTY_TAR = new Uint8Array(1024);
let system: LiveSystem;

beforeAll(async () => {
  system = await startLiveSystem(
    ["2.3.0", "2.3.1"].map((version) =>
      aBuiltRelease({ version, prompt: `Prompt of ${version}`, orchestration: EMPTY_TAR }),
    ),
  );
}, 180_000);
afterAll(() => system?.stop());

test("a rollout is planned with the traffic that the server sees, and reported with what it did and who had a say", async () => {
  const gateway = await system.startGateway("gw-1");
  for (let count = 0; count < 10; count += 1) await system.turn(gateway, `s-${count}`);
  const file = join(system.scratch, "rollout.yaml");
  writeFileSync(file, ROLLOUT);

  const planned = await until(
    async () => forecastSchema.parse(JSON.parse((await system.perch("rollout", "plan", file, "--json")).out)),
    ({ sessionsPerMinute }) => sessionsPerMinute > 0,
  );
  expect(planned).toMatchObject({ agent: "support", release: "support@2.3.1", steps: [{ weightBp: 4000 }] });
  expect(planned.warnings.join()).not.toContain("cannot be compared");
  const told = await system.perch("rollout", "plan", file, "--traffic", "600/h");
  expect([told.code, told.out]).toEqual([0, expect.stringContaining("reckons with 10 sessions a minute")]);

  await system.perch("rollout", "start", "-f", file);
  const phase = async () => rolloutViewSchema.parse(await system.read("/v1/rollouts/support-2-3-1")).phase;
  await until(phase, (now) => now === "Baking");
  await system.perch("rollout", "rollback", "support-2-3-1", "--reason", "it lies");
  await until(phase, (now) => now === "RolledBack");

  const page = join(system.scratch, "report.html");
  const { out } = await system.perch("rollout", "report", "support-2-3-1", "--json", "--html", page);
  const report = reportSchema.parse(JSON.parse(out));
  expect(report.decided.map(({ did, why }) => `${did} ${why}`)).toEqual(["start ", "rollback it lies"]);
  expect(report.blastRadius).toMatchObject({ unknownBecause: "", isCut: false });
  expect(report.blastRadius.tools.map(({ tool, calls }) => [tool, calls])).toEqual([
    ["refund", 0],
    ["escalate", 0],
  ]);
  expect(report.ledger.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(readFileSync(page, "utf8")).toContain("it lies");
  const text = await system.perch("rollout", "report", "support-2-3-1");
  expect(text.out).toContain("rollback, it lies");
  const unknown = await system.perch("rollout", "report", "nobody");
  expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('found no rollout "nobody"')]);
}, 180_000);
