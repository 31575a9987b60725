import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { forecastSchema, rolloutViewSchema, type RolloutView } from "@perch/api";
import { digestOf } from "@perch/domain";
import { aBuiltRelease, escalationSpan } from "@perch/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROLLOUT, startLiveSystem, until, type LiveSystem, type Running } from "./live-system.ts";

const ID = "support-2-3-1";
const GATES = `[
      { name: escalation-rate, kind: proportion, objective: { max: 0.2 } },
      { name: error-rate, kind: proportion } ]`;
const FILE = ROLLOUT.replace("[ { name: error-rate, kind: proportion } ]", GATES).replace(
  "    gates:",
  "    interval: 2s\n    gates:",
);

let system: LiveSystem;
beforeAll(async () => {
  const releases = ["2.3.0", "2.3.1"].map((version) => aBuiltRelease({ version, prompt: `Prompt of ${version}` }));
  system = await startLiveSystem(releases);
}, 180_000);
afterAll(() => system?.stop());

const view = async (): Promise<RolloutView> => rolloutViewSchema.parse(await system.read(`/v1/rollouts/${ID}`));

/** Sessions of one turn that is answered well; six of ten hand their customer over. Tells which releases answered. */
async function serve(gateway: Running, sessions: number): Promise<ReadonlySet<string>> {
  const traceIds = Array.from({ length: sessions }, (_, index) => digestOf(`session ${index}`).slice(-32));
  const spans = traceIds.filter((_, index) => index % 10 < 6).map((traceId) => escalationSpan(traceId, Date.now()));
  const scopeSpans = [{ scope: { name: "gen_ai" }, spans }];
  const answer = await fetch(`${system.url}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ resource: { attributes: [] }, scopeSpans }] }),
  });
  expect(answer.status).toBe(200);
  const served = traceIds.map((traceId, index) => {
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, "x-end": "1" };
    return system.turn(gateway, `customer-${index}`, headers);
  });
  return new Set(await Promise.all(served));
}

test("a release that hands most customers over once everybody meets it is taken back by itself, without a failing turn", async () => {
  const file = join(system.scratch, "rollout.yaml");
  writeFileSync(file, FILE);
  const gateway = await system.startGateway("gw-1");
  const { out } = await system.perch("rollout", "plan", file, "--traffic", "20/min", "--json");
  expect(forecastSchema.parse(JSON.parse(out)).warnings).toContain(
    "after the promotion error-rate judges nothing: it has no objective, and there is no baseline to compare with; give it an objective",
  );
  await system.perch("rollout", "start", "-f", file);
  await until(view, ({ phase }) => phase === "Baking");
  await system.perch("rollout", "promote", ID, "--reason", "looks good");
  await until(view, ({ phase }) => phase === "Succeeded");

  const status = await system.perch("rollout", "status", ID);
  expect(status.out).toMatch(/bakes +until .*, by the objective of escalation-rate/);
  expect(status.out).toContain("error-rate judges no new session: it has no objective");
  const served = await serve(gateway, 60);
  const taken = await until(view, ({ phase }) => phase === "RolledBack");

  expect(taken).toMatchObject({
    culprits: ["escalation-rate"],
    reason: "escalation-rate breaks its objective since the promotion",
    arms: { baseline: { sessions: 0 } },
  });
  expect([...served]).toEqual([taken.canary.digest]);
  expect(await system.turn(gateway, "after")).toBe(taken.baseline.digest);
  const told = await system.perch("rollout", "status", ID);
  expect(told.out).toMatch(/escalation-rate +fail .*bad since the promotion \(\d+ sessions\), promised at most 20 %/);
  const page = join(system.scratch, "report.html");
  await system.perch("rollout", "report", ID, "--html", page);
  expect(readFileSync(page, "utf8")).toContain("promised at most 20 %");
  const again = await system.perch("rollout", "start", "-f", file);
  expect([again.code, again.err]).toEqual([1, expect.stringContaining("quarantined")]);
}, 180_000);
