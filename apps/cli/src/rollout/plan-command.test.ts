import { expect, test } from "vitest";
import { CliError } from "../cli-error.ts";
import { describeForecast } from "./describe-forecast.ts";
import { parseRate } from "./plan-command.ts";
import { planOffline } from "./plan-offline.ts";

const YAML = `apiVersion: perch.dev/v1
kind: Rollout
metadata: { name: support-2-3-1 }
spec:
  agent: support
  release: 2.3.1
  pins: { idleTimeout: 30m }
  steps:
    - { setWeight: 5, pause: { duration: 1h } }
    - { setWeight: 50 }
  analysis:
    gates: [{ name: error-rate, kind: proportion }]
`;
const AT = { file: "rollout.yaml", traffic: 100 };

test.each([
  ["20", 20],
  ["20/min", 20],
  ["0.5/s", 30],
  ["1200/h", 20],
])("a rate of %s is %d a minute", (text, rate) => expect(parseRate(text)).toBeCloseTo(rate));

test.each(["0", "-1", "20/week", "many", ""])("%j is no rate", (text) => {
  expect(() => parseRate(text)).toThrow("expected a rate above 0");
});

test("a plan reads from top to bottom: assumptions, steps, what harm would do, what to change", () => {
  const text = describeForecast(planOffline(YAML, AT));
  expect(text).toContain("support-2-3-1  support  current → support@2.3.1");
  expect(text).toContain("reckons with 100 sessions a minute, readable 30 min after they begin,");
  expect(text).toMatch(/step 1 {7}5 % after 0 s: about 1\.5 h, because of its duration/);
  expect(text).toMatch(/promoted {5}after about/);
  expect(text).toMatch(/if harmful {3}error-rate 8 % → 12 %: rolled back after about .*, \d+ exposed/);
  expect(text).toMatch(/exposed {6}at most about \d+ canary sessions before a rollback/);
  expect(text).toContain("warning      no guardrail judges an outcome");
  expect(text).toContain("warning      no server was asked");
});

test("what gates find is told in their own terms, and what they are compared with", () => {
  const gates = "[{ name: error-rate, kind: proportion }, { name: tool-use, kind: distribution }]";
  const forecast = planOffline(YAML.replace(/gates: .*/, `gates: ${gates}`), AT);
  const text = describeForecast(forecast);
  expect(text).toMatch(/finds by its end: error-rate \+\d+(\.\d)? points, tool-use new in \d+(\.\d)? % of sessions/);
  expect(text).toContain("tool-use (signal): compares 50 features (assumed)");
  const asMean = forecast.gates.map((gate) => ({
    ...gate,
    effect: "relative" as const,
    direction: "decrease" as const,
    baseline: { statistic: "mean", value: 3.81 },
    sessions: 1200,
  }));
  const ofMeans = describeForecast({ ...forecast, gates: asMean });
  expect(ofMeans).toContain("error-rate (guardrail): baseline's mean 3.81 (1200 sessions)");
  expect(ofMeans).toMatch(/finds by its end: error-rate −\d+(\.\d)? %/);
});

test("what is wrong with the file is told with its lines, as everywhere", () => {
  const attempt = () => planOffline(YAML.replace("setWeight: 50", "setWeight: 2, colour: red"), AT);
  expect(attempt).toThrow(CliError);
  const problems = (() => {
    try {
      return [attempt()];
    } catch (error) {
      return error instanceof CliError ? error.problems : [];
    }
  })();
  expect(problems).toEqual([
    expect.objectContaining({ line: 10, message: expect.stringContaining("found 2 after 5") }),
    expect.objectContaining({ line: 10, message: expect.stringContaining('unknown field "colour"') }),
  ]);
});
