import { rmSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { demoResultSchema } from "./demo-result.ts";
import { lastJson, newDataDirectory, runPerchInTest } from "./run-perch.ts";

const data = newDataDirectory();
afterAll(() => rmSync(data, { recursive: true, force: true }));

test("a harmless canary climbs the evidence ladder and is promoted to everybody", async () => {
  const run = runPerchInTest(["demo", "--scenario", "healthy", "--json", "--exit", "--data", data]);
  expect(await run.ended, run.stderr().slice(-2_000)).toBe(0);
  const result = demoResultSchema.parse(lastJson(run));
  expect(result).toMatchObject({ outcome: "promoted", culprits: [], switchedSessions: 0, rollbackMs: null });
  expect(result.sessions.canary).toBeGreaterThanOrEqual(100);
});
