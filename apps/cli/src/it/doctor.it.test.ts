import { aBuiltRelease } from "@perch/testkit";
import { freePort } from "@perch/testkit/servers";
import { afterEach, expect, test } from "vitest";
import { startLiveSystem, until, type LiveSystem } from "./live-system.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Finding = {
  readonly check: string;
  readonly level: string;
  readonly message: string;
  readonly hint: string | null;
};

async function findingsOf(system: LiveSystem): Promise<{ code: number | null; findings: readonly Finding[] }> {
  const { code, out } = await system.perch("doctor", "--json");
  const { findings } = JSON.parse(out) as { findings: readonly Finding[] };
  return { code, findings };
}

const levels = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ check, level }) => `${check} ${level}`);

test("the doctor tries every store of a running system, and names the gateway whose Redis is away", async () => {
  const system = await startLiveSystem([aBuiltRelease({ version: "2.3.0" })]);
  closers.push(() => system.stop());
  await system.startGateway("g-1");
  const well = await until(
    () => findingsOf(system),
    ({ code }) => code === 0,
  );
  expect(levels(well.findings)).toEqual(
    expect.arrayContaining(["versions ok", "state store ok", "trace store ok", "pin store ok", "prices ok"]),
  );
  expect(well.findings.find(({ check }) => check === "disk")?.message).toContain(system.scratch);

  await system.startGateway("g-2", "--pins", `redis://127.0.0.1:${await freePort()}/0`);
  const { code, findings } = await until(
    () => findingsOf(system),
    (found) => levels(found.findings).includes("pin store fail"),
  );
  expect(code).toBe(1);
  expect(findings.filter(({ level }) => level === "fail")).toEqual([
    {
      check: "pin store",
      level: "fail",
      message: expect.stringMatching(/^g-2 cannot write pins: .*127\.0\.0\.1/),
      hint: expect.stringContaining("Redis"),
    },
  ]);
}, 180_000);
