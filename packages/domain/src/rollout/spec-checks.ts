import { z } from "zod";
import { ReleaseError } from "../release/error.ts";
import { parseReleaseName, type ReleaseName } from "../release/reference.ts";
import { RoutingError } from "../routing/error.ts";
import { checkMirror } from "./check-mirror.ts";
import { checkPolicies } from "./check-policies.ts";
import { checkGate, checkGateNames, looseGate } from "./gate-checks.ts";
import type { RolloutSpecProblem } from "./spec-problem.ts";

// A tolerant reading: whatever has the wrong form is absent here, and the strict schema has already complained about it.
const text = z.string().optional().catch(undefined);
const amount = z.number().optional().catch(undefined);
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
type LooseStep = z.infer<typeof looseStep>;

/** What no single field can know. Works on any input, so that these problems are reported together with the others. */
export function checkAcrossFields(file: unknown): readonly RolloutSpecProblem[] {
  const { spec } = looseFile.parse(file);
  return [
    ...checkReleases(spec),
    ...checkSteps(spec),
    ...checkMirror(file),
    ...checkPolicies(file),
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

function quote(found: string): string {
  return JSON.stringify(found.slice(0, 100));
}
