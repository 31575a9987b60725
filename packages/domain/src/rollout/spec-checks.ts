import { z } from "zod";
import { ReleaseError } from "../release/error.ts";
import { parseReleaseName, type ReleaseName } from "../release/reference.ts";
import { RoutingError } from "../routing/error.ts";
import { checkMirror } from "./check-mirror.ts";

/** One thing wrong with a rollout file, and where: a path of keys and indexes. */
export type RolloutSpecProblem = { readonly path: readonly (string | number)[]; readonly message: string };

// A tolerant reading: whatever has the wrong form is absent here, and the strict schema has already complained about it.
const text = z.string().optional().catch(undefined);
const amount = z.number().optional().catch(undefined);
const looseGate = z
  .object({
    name: text,
    of: text,
    direction: text,
    role: text,
    onFail: text,
    critical: z.boolean().optional().catch(undefined),
    objective: z.object({ max: amount, min: amount }).optional().catch(undefined),
  })
  .catch({});
const looseWebhook = z.object({ name: text, type: text }).catch({});
const looseStep = z
  .object({ setWeight: amount, setMirrorRoute: z.unknown().optional(), pause: z.unknown().optional() })
  .catch({});
const looseSpec = z
  .object({
    agent: text,
    release: text,
    baseline: text,
    steps: z.array(looseStep).optional().catch(undefined),
    ramp: z
      .object({ mode: text, ladder: z.array(amount).optional().catch(undefined) })
      .optional()
      .catch({}),
    analysis: z
      .object({
        gates: z.array(looseGate).optional().catch(undefined),
        webhooks: z.array(looseWebhook).optional().catch(undefined),
      })
      .optional()
      .catch(undefined),
  })
  .catch({});
const looseFile = z.object({ spec: looseSpec }).catch({ spec: {} });
type LooseSpec = z.infer<typeof looseSpec>;
type LooseGate = z.infer<typeof looseGate>;
type LooseStep = z.infer<typeof looseStep>;

/** What no single field can know. Works on any input, so that these problems are reported together with the others. */
export function checkAcrossFields(file: unknown): readonly RolloutSpecProblem[] {
  const { spec } = looseFile.parse(file);
  return [
    ...checkReleases(spec),
    ...checkSteps(spec),
    ...checkMirror(file),
    ...(spec.analysis?.gates ?? []).flatMap((gate, index) => checkGate(gate, ["spec", "analysis", "gates", index])),
    ...checkGateNames(spec.analysis?.gates ?? []),
    ...checkWebhookNames(spec.analysis?.webhooks ?? []),
    ...checkHarmBudget(spec),
  ];
}

/** A release as a rollout file names it: the agent may be left out. Throws `ReleaseError` or `RoutingError`. */
export function nameInFile(agent: string, text: string): ReleaseName {
  const isBare = !text.includes("@") && (!text.includes(":") || text.startsWith("sha256:"));
  return parseReleaseName(isBare ? `${agent}@${text}` : text);
}

export function isMetric(name: string): boolean {
  return /^(?:escalation-rate|error-rate|tool-error-rate|score\..+)$/.test(name);
}

function checkReleases(spec: LooseSpec): RolloutSpecProblem[] {
  const problems: RolloutSpecProblem[] = [];
  for (const field of ["release", "baseline"] as const) {
    const name = spec[field];
    if (name === undefined || (field === "baseline" && name === "current")) continue;
    const path = ["spec", field];
    const named = parseNamed(spec.agent ?? "agent", name);
    if (named === null) {
      const also = field === "baseline" ? "current, " : "";
      const expected = `${also}a version, sha256:…, agent@version or agent:pointer`;
      problems.push({ path, message: `found ${quote(name)}, expected ${expected}` });
    } else if (spec.agent !== undefined && named.agent !== spec.agent) {
      problems.push({
        path,
        message: `found a release of ${quote(named.agent)}, expected one of ${quote(spec.agent)}`,
      });
    }
  }
  return problems;
}

function parseNamed(agent: string, text: string): ReleaseName | null {
  try {
    return nameInFile(agent, text);
  } catch (error) {
    if (error instanceof ReleaseError || error instanceof RoutingError) return null;
    throw error;
  }
}

function checkSteps(spec: LooseSpec): RolloutSpecProblem[] {
  const { steps, ramp } = spec;
  if (steps !== undefined && ramp !== undefined) {
    return [{ path: ["spec", "ramp"], message: "found both steps and ramp, expected one of them" }];
  }
  if (steps !== undefined) {
    // A mirror can only come first, so that the weights are those behind it.
    const before = steps[0]?.setMirrorRoute === undefined ? 0 : 1;
    const weights = steps.slice(before).map((step) => step.setWeight);
    return [
      ...checkWeights(weights, (index) => ["spec", "steps", index + before, "setWeight"]),
      ...checkLastStep(steps),
    ];
  }
  if (ramp === undefined) return [{ path: ["spec"], message: "found neither steps nor ramp, expected one of them" }];
  return checkWeights(ramp.ladder ?? [], (index) => ["spec", "ramp", "ladder", index]);
}

function checkWeights(
  weights: readonly (number | undefined)[],
  pathOf: (index: number) => readonly (string | number)[],
): RolloutSpecProblem[] {
  const problems: RolloutSpecProblem[] = [];
  for (const [index, weight] of weights.entries()) {
    const before = weights[index - 1];
    if (weight !== undefined && before !== undefined && weight <= before) {
      problems.push({
        path: pathOf(index),
        message: `found ${weight} after ${before}, expected a larger weight: sessions are only added`,
      });
    }
  }
  if (weights.length === 1 && weights[0] === 100) {
    problems.push({ path: pathOf(0), message: "found only 100, expected a smaller weight first: 100 means promoted" });
  }
  return problems;
}

/** With everybody on the canary there is nobody to compare it with, so 100 can only mean "promoted". */
function checkLastStep(steps: readonly LooseStep[]): RolloutSpecProblem[] {
  return steps.flatMap((step, index) =>
    step.setWeight === 100 && step.pause !== undefined
      ? [
          {
            path: ["spec", "steps", index, "pause"],
            message: "found a pause at 100, expected none: at 100 the canary is promoted and has no baseline beside it",
          },
        ]
      : [],
  );
}

function checkGate(gate: LooseGate, path: readonly (string | number)[]): RolloutSpecProblem[] {
  const problems = [...checkObjective(gate, path), ...checkRole(gate, path)];
  if (gate.of === undefined && gate.name !== undefined && !isMetric(gate.name)) {
    const message = `found ${quote(gate.name)} without "of", expected a metric's name or "of: <metric>"`;
    problems.push({ path: [...path, "name"], message });
  }
  const metric = metricOf(gate);
  if (gate.direction !== undefined && gate.direction !== badDirection(metric)) {
    const message = `found ${gate.direction}, expected ${badDirection(metric)}, the bad direction of ${metric}`;
    problems.push({ path: [...path, "direction"], message });
  }
  return problems;
}

function checkObjective(gate: LooseGate, path: readonly (string | number)[]): RolloutSpecProblem[] {
  const bounds = gate.objective;
  if (bounds === undefined) return [];
  if ((bounds.max === undefined) === (bounds.min === undefined)) {
    return [{ path: [...path, "objective"], message: "expected exactly one of max and min" }];
  }
  const bad = badDirection(metricOf(gate));
  const expected = bad === "increase" ? "max" : "min";
  if (bounds[expected] !== undefined) return [];
  return [{ path: [...path, "objective"], message: `expected ${expected}, because ${bad} is the bad direction` }];
}

function metricOf(gate: LooseGate): string {
  return gate.of ?? gate.name ?? "";
}

function checkRole(gate: LooseGate, path: readonly (string | number)[]): RolloutSpecProblem[] {
  const role = gate.role ?? "guardrail";
  if (role !== "guardrail" && isRollback(gate)) {
    return [
      {
        path: [...path, "onFail"],
        message: `found ${gate.onFail} on a ${role} gate, expected pause: only a guardrail rolls back`,
      },
    ];
  }
  if (role !== "guardrail" && gate.critical === true) {
    return [{ path: [...path, "critical"], message: `found a critical ${role} gate, expected role: guardrail` }];
  }
  if (
    role === "guardrail" &&
    gate.critical !== undefined &&
    gate.onFail !== undefined &&
    gate.critical !== isRollback(gate)
  ) {
    return [
      {
        path: [...path, "onFail"],
        message: `found onFail: ${gate.onFail} with critical: ${gate.critical}, expected a critical guardrail to roll back and any other to pause`,
      },
    ];
  }
  return [];
}

function isRollback({ onFail }: LooseGate): boolean {
  return onFail === "rollback" || onFail === "rollback+evict" || onFail === "freeze";
}

function checkGateNames(gates: readonly LooseGate[]): RolloutSpecProblem[] {
  return gates.flatMap((gate, index): RolloutSpecProblem[] =>
    gate.name !== undefined && gates.findIndex((other) => other.name === gate.name) < index
      ? [
          {
            path: ["spec", "analysis", "gates", index, "name"],
            message: `found a second gate ${quote(gate.name)}, expected unique names`,
          },
        ]
      : [],
  );
}

/** What a webhook answered is kept under its name. */
function checkWebhookNames(webhooks: readonly { name?: string | undefined; type?: string | undefined }[]) {
  const names = webhooks.map(({ name, type }) => name ?? type);
  return names.flatMap((name, index): RolloutSpecProblem[] =>
    name !== undefined && names.indexOf(name) < index
      ? [
          {
            path: ["spec", "analysis", "webhooks", index],
            message: `found a second webhook ${quote(name)}, expected unique names: give each of a type its own`,
          },
        ]
      : [],
  );
}

function checkHarmBudget({ ramp, analysis }: LooseSpec): RolloutSpecProblem[] {
  const gates = analysis?.gates ?? [];
  if (ramp?.mode !== "harm-budget" || gates.length === 0) return [];
  if (gates.some(({ role }) => role === undefined || role === "guardrail")) return [];
  const message = "found a harm budget without any guardrail, expected one: harm is what guardrails measure";
  return [{ path: ["spec", "ramp"], message }];
}

/** Rates count bad sessions and are bad when high; scores say how good a session was and are bad when low. */
export function badDirection(metric: string): "increase" | "decrease" {
  return metric.startsWith("score.") ? "decrease" : "increase";
}

function quote(found: string): string {
  return JSON.stringify(found.slice(0, 100));
}
