import { describe, expect, test } from "vitest";
import { parseRolloutSpec } from "./spec.ts";
import { rolloutJsonSchema } from "./spec-schema.ts";

type Json = Record<string, unknown>;

const GATE: Json = { name: "escalation-rate", kind: "proportion" };
const STEPS = [{ setWeight: 5 }, { setWeight: 25 }];

function aFile(spec: Json = {}, gates: readonly Json[] = [GATE]): Json {
  return {
    apiVersion: "perch.dev/v1",
    kind: "Rollout",
    metadata: { name: "support-2-3-1" },
    spec: {
      agent: "support",
      release: "2.3.1",
      ...("ramp" in spec ? {} : { steps: STEPS }),
      analysis: { gates },
      ...spec,
    },
  };
}

function planOf(file: Json) {
  const parsed = parseRolloutSpec(file);
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  return parsed.plan;
}

function problemsOf(file: unknown): readonly string[] {
  const parsed = parseRolloutSpec(file);
  return parsed.kind === "valid" ? [] : parsed.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test("what a file leaves out has the defaults of the statistics", () => {
  const plan = planOf(aFile());
  expect(plan).toMatchObject({
    baseline: { kind: "current" },
    seed: null,
    idleTimeoutMs: null,
    windowMs: 300_000,
    consecutiveFailureLimit: 3,
    familyWiseErrorRate: 0.01,
    isRollbackAutomatic: true,
    propagation: { deadlineMs: 2000, leaseMs: 15_000 },
  });
  expect(plan.gates).toEqual([
    {
      name: "escalation-rate",
      kind: "proportion",
      of: "escalation-rate",
      direction: "increase",
      objective: null,
      margin: 0.04,
      role: "guardrail",
      onFail: "rollback",
      alpha: 0.01,
    },
  ]);
  expect(plan.steps).toEqual([
    { weightBp: 500, durationMs: 0, minCanarySessions: 0, requiresApproval: false },
    { weightBp: 2500, durationMs: 0, minCanarySessions: 100, requiresApproval: false },
  ]);
});

test("a ramp becomes steps, and its hundred per cent the promotion", () => {
  const { steps } = planOf(aFile({ ramp: { mode: "evidence", minStep: "6s" } }));
  expect(steps.map(({ weightBp, durationMs }) => [weightBp, durationMs])).toEqual([
    [500, 6000],
    [2500, 6000],
    [5000, 6000],
  ]);
});

test("weights have two decimals and become basis points", () => {
  const { steps } = planOf(aFile({ steps: [{ setWeight: 0.29 }, { setWeight: 4.35 }] }));
  expect(steps.map(({ weightBp }) => weightBp)).toEqual([29, 435]);
});

test("every pause field is honoured", () => {
  const pause = { duration: "1h", minSampleSize: 7, requiresApproval: true };
  const { steps } = planOf(aFile({ steps: [{ setWeight: 5, pause }] }));
  expect(steps[0]).toEqual({ weightBp: 500, durationMs: 3_600_000, minCanarySessions: 7, requiresApproval: true });
});

test("a release is named by version, by digest or in full", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const releases = ["2.3.1", digest, "support@2.3.1", `support@${digest}`].map((release) => planOf(aFile({ release })));
  expect(releases.map((plan) => plan.release)).toEqual([
    { kind: "version", agent: "support", version: "2.3.1" },
    { kind: "digest", agent: "support", digest },
    { kind: "version", agent: "support", version: "2.3.1" },
    { kind: "digest", agent: "support", digest },
  ]);
});

test("scores are bad when low, signals and uncritical guardrails only pause", () => {
  const { gates } = planOf(
    aFile({}, [
      { name: "success", kind: "proportion", of: "score.reward", objective: { min: 0.7 }, weight: 0.4 },
      { name: "errors", kind: "proportion", of: "error-rate", critical: false },
      { name: "tool-error-rate", kind: "proportion", role: "signal" },
    ]),
  );
  expect(gates.map((gate) => [gate.direction, gate.onFail, "objective" in gate ? gate.objective : undefined])).toEqual([
    ["decrease", "rollback", { min: 0.7 }],
    ["increase", "pause", null],
    ["increase", "pause", null],
  ]);
  expect(gates[0]?.alpha).toBeCloseTo(0.004);
});

test("what becomes of live sessions is drain and Pinned unless the file says otherwise", () => {
  expect(planOf(aFile())).toMatchObject({ pinnedSessions: "drain", versioningBehavior: "Pinned", safeBoundary: null });
  const pins = { versioningBehavior: "AutoUpgrade", safeBoundary: { idle: "10m" } };
  expect(planOf(aFile({ pins, rollback: { pinnedSessions: "migrate" } }))).toMatchObject({
    idleTimeoutMs: null,
    pinnedSessions: "migrate",
    versioningBehavior: "AutoUpgrade",
    safeBoundary: { header: true, idleMs: 600_000 },
  });
  const { safeBoundary } = planOf(aFile({ pins: { safeBoundary: "conversation-end" } }));
  expect(safeBoundary).toEqual({ header: true, idleMs: null });
});

test("a guardrail that evicts is a guardrail that rolls back", () => {
  const { gates } = planOf(aFile({}, [{ name: "error-rate", kind: "proportion", onFail: "rollback+evict" }]));
  expect(gates).toMatchObject([{ onFail: "rollback", evicts: true }]);
});

test("a rollout that no outcome gate watches is warned about", () => {
  const parsed = parseRolloutSpec(aFile({}, [{ name: "error-rate", kind: "proportion" }]));
  expect(parsed).toMatchObject({
    kind: "valid",
    warnings: [expect.stringContaining("no guardrail judges an outcome")],
  });
  expect(parseRolloutSpec(aFile())).toMatchObject({ warnings: [] });
});

test("every problem is reported at once, whatever else is wrong", () => {
  const problems = problemsOf({
    kind: "Rollout",
    metadata: { name: "Bad Name" },
    spec: {
      agent: "support",
      release: "other@2.3.1",
      nonsense: 1,
      steps: [{ setWeight: 25 }, { setWeight: 5, pause: { duration: "soon" } }],
      analysis: { gates: [{ name: "mine", kind: "proportion" }] },
    },
  });
  expect(problems).toEqual([
    'apiVersion: found nothing, expected "perch.dev/v1"',
    'metadata.name: found "Bad Name", expected 1 to 63 lower-case letters, digits and dashes',
    'spec.steps.1.pause.duration: found "soon", expected a duration such as "500ms", "2s", "5m" or "24h"',
    'spec.nonsense: found an unknown field "nonsense", expected only fields that this version honours',
    'spec.release: found a release of "other", expected one of "support"',
    "spec.steps.1.setWeight: found 5 after 25, expected a larger weight: sessions are only added",
    'spec.analysis.gates.0.name: found "mine" without "of", expected a metric\'s name or "of: <metric>"',
  ]);
});

describe("is refused:", () => {
  const cases: readonly [string, Json, string][] = [
    ["steps and ramp together", { ramp: { mode: "evidence" }, steps: STEPS }, "found both steps and ramp"],
    ["neither steps nor ramp", { steps: undefined }, "found neither steps nor ramp"],
    [
      "a pause at 100 %",
      { steps: [{ setWeight: 5 }, { setWeight: 100, pause: { duration: "1m" } }] },
      "a pause at 100",
    ],
    ["nothing but 100 %", { steps: [{ setWeight: 100 }] }, "found only 100"],
    ["a weight of three decimals", { steps: [{ setWeight: 5.123 }] }, "found 5.123"],
    ["a weight of nothing", { steps: [{ setWeight: 0 }] }, "spec.steps.0.setWeight: found 0"],
    [
      "a place that no session id stands in",
      { strategy: { targetingKey: ["header:a", "psychic"] } },
      "strategy.targetingKey.1",
    ],
    [
      "an answer that nothing is learned from",
      { strategy: { aliases: ["cookie:x"] } },
      'found "cookie:x", expected header:NAME',
    ],
    ["a strategy of a later version", { strategy: { type: "canary" } }, 'found "canary", expected one of "session"'],
    ["pinned sessions that are to be forgotten", { rollback: { pinnedSessions: "forget" } }, 'found "forget"'],
    ["a boundary that no session reaches", { pins: { safeBoundary: { header: false } } }, "spec.pins.safeBoundary"],
    [
      "an eviction by a gate that only warns",
      { analysis: { gates: [{ name: "error-rate", kind: "proportion", role: "signal", onFail: "rollback+evict" }] } },
      "on a signal gate",
    ],
    ["a window of no length", { analysis: { interval: "0s", gates: [GATE] } }, "longer than nothing"],
    ["a release without a version", { release: "latest" }, 'found "latest"'],
    ["no gate", { analysis: { gates: [] } }, "spec.analysis.gates: found []"],
  ];
  test.each(cases)("%s", (_, spec, message) => {
    expect(problemsOf(aFile(spec))).toEqual([expect.stringContaining(message)]);
  });

  const gates: readonly [string, Json, string][] = [
    ["a gate in the good direction", { direction: "decrease" }, "direction: found decrease, expected increase"],
    ["an objective on the wrong side", { objective: { min: 0.1 } }, "objective: expected max"],
    ["an objective with both sides", { objective: { min: 0.1, max: 0.2 } }, "exactly one of max and min"],
    ["a signal that rolls back", { role: "signal", onFail: "rollback" }, "only a guardrail rolls back"],
    ["a critical signal", { role: "signal", critical: true }, "expected role: guardrail"],
    [
      "a critical guardrail that pauses",
      { critical: true, onFail: "pause" },
      "expected a critical guardrail to roll back",
    ],
    ["a metric of a later version", { of: "cost" }, "expected escalation-rate, error-rate"],
    ["a kind of a later version", { kind: "histogram" }, 'kind: found "histogram", expected one of proportion, mean'],
    ["a method of a later version", { compare: { method: "bayes" } }, 'found "bayes", expected one of "eprocess"'],
  ];
  test.each(gates)("%s", (_, gate, message) => {
    expect(problemsOf(aFile({}, [{ ...GATE, ...gate }]))).toEqual([expect.stringContaining(message)]);
  });

  test("two gates of one name, and weights beyond the budget", () => {
    expect(problemsOf(aFile({}, [GATE, GATE]))).toEqual([expect.stringContaining("found a second gate")]);
    const heavy = [
      { ...GATE, weight: 0.8 },
      { name: "error-rate", kind: "proportion", weight: 0.8 },
    ];
    expect(problemsOf(aFile({}, heavy))).toEqual([expect.stringContaining("1.6")]);
  });

  test.each([null, 1, "text", [], { spec: [] }, { spec: { steps: 5, analysis: { gates: 7 } } }])("%j", (file) => {
    expect(problemsOf(file).length).toBeGreaterThan(0);
  });
});

test("the published JSON Schema knows the fields and refuses others", () => {
  const schema = rolloutJsonSchema();
  expect(schema).toMatchObject({ title: "Perch rollout", additionalProperties: false, type: "object" });
  expect(JSON.stringify(schema)).toContain('"setWeight"');
});

test("a strategy says where the session id stands, and which ids in answers are other names of it", () => {
  const plan = planOf(aFile({ strategy: { targetingKey: ["header:X-Chat", "langgraph"], aliases: ["mcp"] } }));
  expect(plan.targetingKey?.map(({ kind }) => kind)).toEqual(["header", "path", "path", "path"]);
  expect(plan.aliases).toEqual([{ kind: "responseHeader", name: "mcp-session-id" }]);
  expect(planOf(aFile())).toMatchObject({ targetingKey: null, aliases: null });
});

describe("a mirror", () => {
  const mirror = { percentage: 12.5, sideEffects: "block" };
  const pause = { duration: "1h" };
  const step = { setMirrorRoute: mirror, pause };
  const shadow = (steps: readonly Json[], spec: Json = {}) =>
    aFile({ strategy: { type: "shadow" }, steps, analysis: undefined, ...spec });

  test("comes before the weights, which stay the steps; what it leaves out has defaults", () => {
    const plan = planOf(aFile({ steps: [step, ...STEPS] }));
    expect(plan.mirror).toEqual({
      percentageBp: 1250,
      timeoutMs: 60_000,
      durationMs: 3_600_000,
      requiresApproval: false,
      caps: { sessions: 1000, turns: 10_000, requestBytes: 1_000_000_000 },
    });
    expect(plan.steps.map(({ weightBp }) => weightBp)).toEqual([500, 2500]);
  });

  test("is all that a shadow rollout has", () => {
    const parsed = parseRolloutSpec(shadow([step]));
    expect(parsed).toMatchObject({ kind: "valid", warnings: [], plan: { steps: [], gates: [] } });
  });

  const BLOCK = "expected block: what is mirrored must not act on the world a second time";
  const cases: readonly [string, Json, string][] = [
    ["without sideEffects", aFile({ steps: [{ ...step, setMirrorRoute: { percentage: 10 } }, ...STEPS] }), BLOCK],
    [
      "with sideEffects that are not blocked",
      aFile({ steps: [{ ...step, setMirrorRoute: { ...mirror, sideEffects: "allow" } }, ...STEPS] }),
      `sideEffects: found "allow", ${BLOCK}`,
    ],
    ["after a weight", aFile({ steps: [{ setWeight: 5 }, step, { setWeight: 9 }] }), "expected it in the first"],
    [
      "and a weight in one step",
      aFile({ steps: [{ ...step, setWeight: 5 }, { setWeight: 9 }] }),
      "found both setWeight",
    ],
    ["for no time", aFile({ steps: [{ setMirrorRoute: mirror }, ...STEPS] }), "found no pause.duration"],
    [
      "until it has canary sessions",
      aFile({ steps: [{ ...step, pause: { ...pause, minSampleSize: 9 } }, ...STEPS] }),
      "pause.minSampleSize: found it beside setMirrorRoute",
    ],
    ["alone in a session rollout", aFile({ steps: [step] }), "expected weights behind it"],
    [
      "of a longer timeout than 10m",
      aFile({ steps: [{ ...step, setMirrorRoute: { ...mirror, timeout: "11m" } }, ...STEPS] }),
      "expected a duration from 1s to 10m",
    ],
    ["with weights in a shadow rollout", shadow([step, ...STEPS]), "expected exactly one step, with setMirrorRoute"],
    ["with gates in a shadow rollout", shadow([step], { analysis: { gates: [GATE] } }), "no gate judges them"],
  ];
  test.each(cases)("is refused %s", (_, file, message) => {
    expect(problemsOf(file)).toEqual([expect.stringContaining(message)]);
  });

  test("is refused in a shadow rollout with a ramp, and gates have to be there in any other", () => {
    const ramped = aFile({ strategy: { type: "shadow" }, ramp: { mode: "evidence" }, analysis: undefined });
    expect(problemsOf(ramped)).toEqual([expect.stringContaining("spec.ramp: found it in a shadow rollout")]);
    expect(problemsOf(aFile({ analysis: undefined }))).toEqual([
      expect.stringContaining("spec.analysis: found nothing"),
    ]);
  });
});
