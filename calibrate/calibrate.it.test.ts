import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const RUN = new URL("run.ts", import.meta.url).pathname;
const PATIENT = { timeout: 300_000 };

type Estimate = { value: number; se: number };
type Harm = { worstHorizonP95: number; overBudget: Estimate | null };
type Scenario = {
  runs: number;
  rolledBack: Estimate;
  promoted: Estimate;
  naiveFired: Estimate | null;
  harm: Harm | null;
};
type Report = Record<string, unknown> & { scenarios: Record<string, Scenario> };

async function calibrate(...args: string[]): Promise<Report> {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, "--json", ...args], { maxBuffer: 2 ** 24 });
  return JSON.parse(stdout) as Report;
}

const of = (...names: string[]): string[] => names.flatMap((name) => ["--scenario", name]);

test(
  "prints the figures that are promised, each a number, and those of a small run within their bounds",
  PATIENT,
  async () => {
    const headlines = ["aa-one-gate", "aa-all-gates", "8-22", "8-12", "8-22-every-block", "8-12-every-block"];
    const report = await calibrate("--rollouts", "60", "--seed", "3", ...of(...headlines, "at-margin", "good"));
    expect(report).toMatchObject({ rollouts: 60, seed: 3 });
    expect(report["aaFalseRollback"]).toBeLessThanOrEqual(0.04);
    expect(report["aaFalseRollbackAllGates"]).toBeLessThanOrEqual(0.04);
    expect(report["falsePromotionAtMargin"]).toBeLessThanOrEqual(0.2);
    expect(report["goodPromoted"]).toBeGreaterThanOrEqual(0.8);
    for (const ratios of [report["ratioToOracle"], report["ratioToOracleEveryBlock"]] as Record<string, number>[]) {
      expect(Object.keys(ratios)).toEqual(["8-22", "8-12"]);
      for (const ratio of Object.values(ratios)) {
        expect(ratio).toBeGreaterThan(0.8);
        expect(ratio).toBeLessThan(2);
      }
    }
  },
);

test("the traps catch the rules that they are there for, and not the gates", PATIENT, async () => {
  const traps = ["trap-correlated-turns", "trap-bad-sessions-end-later", "trap-simpson", "trap-completion-order"];
  const { scenarios } = await calibrate("--rollouts", "150", "--seed", "3", ...of(...traps));
  expect(Object.keys(scenarios)).toEqual(traps);
  for (const { runs, rolledBack, naiveFired } of Object.values(scenarios)) {
    expect(runs).toBe(15);
    expect(rolledBack.value).toBeLessThan(0.1);
    expect(naiveFired?.value).toBeGreaterThan(0.3);
  }
});

test(
  "a harm budget keeps what is to be expected of a bad canary within it, and fixed steps do not",
  PATIENT,
  async () => {
    const names = ["harm-budget-8-12-of-many", "steps-8-12-of-many"];
    const { scenarios } = await calibrate("--rollouts", "150", "--seed", "3", ...of(...names));
    const [budgeted, stepped] = names.map((name) => scenarios[name]);
    expect(budgeted?.harm?.overBudget?.value).toBeLessThan(0.2);
    expect(budgeted?.harm?.worstHorizonP95).toBeLessThanOrEqual(25 * 1.1);
    expect(stepped?.harm).toMatchObject({ overBudget: null });
    expect(stepped?.harm?.worstHorizonP95).toBeGreaterThan(40);
  },
);

test("a promotion bakes: a promise that is kept rolls nothing back, one that is broken does", PATIENT, async () => {
  const names = ["promise-at-its-bound", "promise-bad-end-first", "promise-8-22"];
  const { scenarios } = await calibrate("--rollouts", "60", "--seed", "3", ...of(...names));
  const [atBound, badEndFirst, broken] = names.map((name) => scenarios[name]);
  expect(atBound?.promoted.value).toBeGreaterThan(0.8);
  expect(badEndFirst?.promoted.value).toBeGreaterThan(0.8);
  expect(badEndFirst?.naiveFired?.value).toBeGreaterThan(0.3);
  expect(broken?.rolledBack.value).toBe(1);
});

test("a seed gives the same figures again, another seed others", PATIENT, async () => {
  const figures = async (seed: string) =>
    (await calibrate("--rollouts", "80", "--seed", seed, ...of("8-22"))).scenarios;
  const [first, again, other] = await Promise.all([figures("1"), figures("1"), figures("2")]);
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

test("an unknown scenario, and a number that is none, are told with what is expected", async () => {
  await expect(calibrate("--scenario", "nothing")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("found no scenario nothing, expected one of aa-one-gate"),
  });
  await expect(calibrate("--rollouts", "many")).rejects.toMatchObject({
    stderr: expect.stringContaining("found --rollouts many, expected a whole number from 1"),
  });
});
