import { z } from "zod";
import type { RolloutSpecProblem } from "./spec-problem.ts";

const looseStep = z
  .object({
    setWeight: z.unknown().optional(),
    setMirrorRoute: z.unknown().optional(),
    pause: z
      .object({ duration: z.unknown().optional(), minSampleSize: z.unknown().optional() })
      .optional()
      .catch(undefined),
  })
  .catch({});
const looseFile = z
  .object({
    spec: z
      .object({
        strategy: z
          .object({ type: z.string().optional().catch(undefined) })
          .optional()
          .catch(undefined),
        steps: z.array(looseStep).optional().catch(undefined),
        ramp: z.unknown().optional(),
        analysis: z.unknown().optional(),
        promotion: z.unknown().optional(),
        drain: z.unknown().optional(),
        sunset: z.unknown().optional(),
      })
      .catch({}),
  })
  .catch({ spec: {} });
type LooseStep = z.infer<typeof looseStep>;

/** What a file says about mirroring, where fields depend on each other. Works on any input. */
export function checkMirror(file: unknown): readonly RolloutSpecProblem[] {
  const { spec } = looseFile.parse(file);
  const steps = spec.steps ?? [];
  const isShadow = spec.strategy?.type === "shadow";
  return [
    ...steps.flatMap((step, index) => checkStep(step, index)),
    ...(isShadow ? checkShadow(spec) : checkSession(spec)),
  ];
}

function checkStep(step: LooseStep, index: number): RolloutSpecProblem[] {
  const path = ["spec", "steps", index];
  const [weighs, mirrors] = [step.setWeight !== undefined, step.setMirrorRoute !== undefined];
  if (weighs === mirrors) {
    const found = weighs ? "both setWeight and setMirrorRoute" : "neither setWeight nor setMirrorRoute";
    return [{ path, message: `found ${found}, expected one of them` }];
  }
  if (!mirrors) return [];
  const problems: RolloutSpecProblem[] = [];
  if (index > 0) {
    const message = `found it in step ${index + 1}, expected it in the first: whoever meets the canary is not mirrored`;
    problems.push({ path: [...path, "setMirrorRoute"], message });
  }
  if (step.pause?.duration === undefined) {
    problems.push({
      path,
      message: "found no pause.duration, expected how long to mirror, e.g. pause: { duration: 1h }",
    });
  }
  if (step.pause?.minSampleSize !== undefined) {
    const message =
      "found it beside setMirrorRoute, expected only duration and requiresApproval: nobody is on the canary";
    problems.push({ path: [...path, "pause", "minSampleSize"], message });
  }
  return problems;
}

type LooseSpec = z.infer<typeof looseFile>["spec"];

/** Nothing is compared and nobody is exposed: what says otherwise was meant for another rollout. */
function checkShadow(spec: LooseSpec): RolloutSpecProblem[] {
  const { steps = [], ramp, analysis } = spec;
  const problems: RolloutSpecProblem[] = [];
  const isMirror = steps.length === 1 && steps[0]?.setMirrorRoute !== undefined;
  if (ramp === undefined && !isMirror) {
    const message = "expected exactly one step, with setMirrorRoute: in a shadow rollout nobody meets the release";
    problems.push({ path: ["spec", "steps"], message });
  }
  if (ramp !== undefined) {
    const message = "found it in a shadow rollout, expected steps: [ { setMirrorRoute: …, pause: … } ]";
    problems.push({ path: ["spec", "ramp"], message });
  }
  if (analysis !== undefined) {
    const message = "found it in a shadow rollout, expected none: its answers reach nobody, so no gate judges them";
    problems.push({ path: ["spec", "analysis"], message });
  }
  for (const field of ["promotion", "drain", "sunset"] as const) {
    if (spec[field] === undefined) continue;
    const message = "found it in a shadow rollout, expected none: nobody meets its release, and nothing is promoted";
    problems.push({ path: ["spec", field], message });
  }
  return problems;
}

function checkSession({ steps = [], analysis }: LooseSpec): RolloutSpecProblem[] {
  const problems: RolloutSpecProblem[] = [];
  if (analysis === undefined) problems.push({ path: ["spec", "analysis"], message: "found nothing, expected object" });
  if (steps.length === 1 && steps[0]?.setMirrorRoute !== undefined) {
    const message =
      "found only setMirrorRoute, expected weights behind it; a rollout that only mirrors says strategy: { type: shadow }";
    problems.push({ path: ["spec", "steps"], message });
  }
  return problems;
}
