import { GateError } from "../gate/error.ts";
import { parseAgentName } from "../routing/ids.ts";
import type { MoveBoundary } from "../routing/move.ts";
import { parseSessionExtractors, parseSessionLearners } from "../routing/parse-session-rules.ts";
import { parseDurationMs } from "./duration.ts";
import { planGates } from "./gate-plan.ts";
import { harmSteps } from "./harm-ramp.ts";
import {
  isShadowOnly,
  type HarmBudgetRamp,
  type MirrorPlan,
  type RolloutPlan,
  type RolloutStep,
  type WebhookPlan,
} from "./plan.ts";
import { drainPlanOf, sunsetPlanOf } from "./retirement-schema.ts";
import { analysisPolicyOf, promotionPolicyOf, rollbackPolicyOf } from "./policy-plan.ts";
import { checkAcrossFields, nameInFile } from "./spec-checks.ts";
import type { RolloutSpecProblem } from "./spec-problem.ts";
import { rolloutSpecSchema, type AnalysisEntry, type RolloutSpec } from "./spec-schema.ts";
import { checkStrategy } from "./strategy-checks.ts";
import { planStrategy } from "./strategy-plan.ts";
import type { WebhookEntry } from "./webhook-schema.ts";

export type ParsedSpec =
  | { readonly kind: "valid"; readonly plan: RolloutPlan; readonly warnings: readonly string[] }
  | { readonly kind: "invalid"; readonly problems: readonly RolloutSpecProblem[] };

/** `statistics.md` 3.9: nothing is promoted on fewer resolved canary sessions. */
const LEAST_CANARY_SESSIONS_TO_PROMOTE = 100;
/** Of a rollout that only mirrors. */
const NOTHING_JUDGED: AnalysisEntry = {
  interval: "5m",
  consecutiveFailureLimit: 3,
  familyWiseErrorRate: 0.01,
  gates: [],
  webhooks: [],
  initialDelay: "0s",
  maxHold: "12h",
  onInconclusive: "hold",
  noTraffic: { gracePeriod: "30m", action: "hold" },
  consecutiveErrorLimit: 4,
  sampleRatioMismatch: { alpha: 0.001, action: "hold" },
};

/** Reads a rollout file that was parsed from YAML or JSON. Every problem at once, each with its path. */
export function parseRolloutSpec(file: unknown): ParsedSpec {
  const parsed = rolloutSpecSchema.safeParse(file, { reportInput: true });
  const crossing = [...checkAcrossFields(file), ...checkStrategy(file)];
  if (!parsed.success) {
    return { kind: "invalid", problems: [...parsed.error.issues.flatMap(problemsOf), ...crossing] };
  }
  if (crossing.length > 0) return { kind: "invalid", problems: crossing };
  try {
    const plan = planOf(parsed.data);
    return { kind: "valid", plan, warnings: warningsOf(plan) };
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    return { kind: "invalid", problems: [{ path: ["spec", "analysis", "gates"], message: error.message }] };
  }
}

type Issue = Extract<ReturnType<typeof rolloutSpecSchema.safeParse>, { success: false }>["error"]["issues"][number];

function problemsOf(issue: Issue): RolloutSpecProblem[] {
  const path = issue.path.map((part) => (typeof part === "symbol" ? part.toString() : part));
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `found an unknown field ${JSON.stringify(key)}, expected only fields that this version honours`,
    }));
  }
  if (issue.code === "invalid_union" && issue.discriminator !== undefined && isObject(issue.input)) {
    const found = JSON.stringify((issue.input as Record<string, unknown>)[issue.discriminator]);
    return [{ path, message: `found ${found ?? "nothing"}, ${expectationOf(issue.message)}` }];
  }
  // Of several forms the last is the longest; whoever wrote an object meant that one.
  const meant = issue.code === "invalid_union" && isObject(issue.input) ? issue.errors.at(-1) : undefined;
  if (meant !== undefined)
    return meant.flatMap((inner) => problemsOf({ ...inner, path: [...issue.path, ...inner.path] }));
  if (issue.input === undefined) return [{ path, message: `found nothing, ${expectationOf(issue.message)}` }];
  const found = JSON.stringify(issue.input).slice(0, 100);
  return [{ path, message: `found ${found}, ${expectationOf(issue.message)}` }];
}

function isObject(input: unknown): boolean {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

/** The schema library words some messages its own way; a person is always told "expected …". */
function expectationOf(message: string): string {
  const expected = /expected .*/s.exec(message)?.[0].replace(/, received .*/s, "");
  return expected ?? message.replace(/^[^:]*: /, "expected: ");
}

function planOf({ metadata, spec }: RolloutSpec): RolloutPlan {
  const agent = parseAgentName(spec.agent);
  const { analysis = NOTHING_JUDGED, rollback } = spec;
  return {
    name: metadata.name,
    labels: metadata.labels,
    agent,
    release: nameInFile(spec.agent, spec.release),
    baseline:
      spec.baseline === "current"
        ? { kind: "current" }
        : { kind: "named", release: nameInFile(spec.agent, spec.baseline) },
    seed: spec.strategy.seed === "auto" ? null : spec.strategy.seed,
    targetingKey: spec.strategy.targetingKey?.flatMap(parseSessionExtractors) ?? null,
    aliases: spec.strategy.aliases?.flatMap(parseSessionLearners) ?? null,
    strategy: planStrategy(spec.strategy),
    mirror: mirrorOf(spec.steps?.[0]),
    ...pinsOf(spec.pins),
    steps: stepsOf(spec),
    ramp: rampOf(spec.ramp),
    windowMs: milliseconds(analysis.interval),
    consecutiveFailureLimit: analysis.consecutiveFailureLimit,
    familyWiseErrorRate: analysis.familyWiseErrorRate,
    latenessMs: analysis.lateness === undefined ? null : milliseconds(analysis.lateness),
    gates: planGates(analysis.gates, analysis.familyWiseErrorRate),
    webhooks: analysis.webhooks.map(webhookOf),
    isRollbackAutomatic: rollback.automatic,
    propagation: {
      deadlineMs: milliseconds(rollback.propagation.deadline),
      leaseMs: milliseconds(rollback.propagation.lease),
    },
    rollbackWindowMs: milliseconds(rollback.window.duration),
    analysis: analysisPolicyOf(analysis),
    rollback: rollbackPolicyOf(rollback),
    promotion: promotionPolicyOf(spec.promotion),
    pinnedSessions: rollback.pinnedSessions,
    supersede: spec.supersede,
    drain: drainPlanOf(spec.drain),
    sunset: sunsetPlanOf(spec.sunset),
  };
}

function mirrorOf(step: NonNullable<RolloutSpec["spec"]["steps"]>[number] | undefined): MirrorPlan | null {
  if (step?.setMirrorRoute === undefined) return null;
  const { percentage, timeout, spendCap } = step.setMirrorRoute;
  return {
    percentageBp: Math.round(percentage * 100),
    timeoutMs: milliseconds(timeout),
    durationMs: milliseconds(step.pause?.duration ?? "0s"),
    requiresApproval: step.pause?.requiresApproval === true,
    caps: spendCap,
  };
}

function rampOf(ramp: RolloutSpec["spec"]["ramp"]): HarmBudgetRamp | null {
  if (ramp?.mode !== "harm-budget") return null;
  return { kind: "harm-budget", budget: ramp.budget, horizonWindows: ramp.horizon };
}

function webhookOf({ name, type, url, timeout, retries, metadata }: WebhookEntry): WebhookPlan {
  return { name: name ?? type, type, url, timeoutMs: milliseconds(timeout), retries, metadata };
}

/** A ladder is a list of steps like any other; a weight of 100 at the end is the promotion itself, not a step. */
function stepsOf({ steps: ownSteps, ramp }: RolloutSpec["spec"]): readonly RolloutStep[] {
  if (ramp?.mode === "harm-budget") return harmSteps(milliseconds(ramp.minStep), LEAST_CANARY_SESSIONS_TO_PROMOTE);
  const written =
    ownSteps ?? (ramp?.ladder ?? []).map((setWeight) => ({ setWeight, pause: { duration: ramp?.minStep } }));
  const steps = written.flatMap(({ setWeight = 100, pause }) => (setWeight < 100 ? [{ setWeight, pause }] : []));
  return steps.map((step, index) => ({
    weightBp: Math.round(step.setWeight * 100),
    durationMs: milliseconds(step.pause?.duration ?? "0s"),
    minCanarySessions:
      (step.pause !== undefined && "minSampleSize" in step.pause ? step.pause.minSampleSize : undefined) ??
      (index === steps.length - 1 ? LEAST_CANARY_SESSIONS_TO_PROMOTE : 0),
    requiresApproval:
      step.pause !== undefined && "requiresApproval" in step.pause && step.pause.requiresApproval === true,
  }));
}

type Pins = NonNullable<RolloutSpec["spec"]["pins"]>;
type SafeBoundary = Pins["safeBoundary"];

function pinsOf(
  pins: Pins | undefined,
): Required<Pick<RolloutPlan, "idleTimeoutMs" | "versioningBehavior" | "safeBoundary">> {
  const { idleTimeout, versioningBehavior, safeBoundary } = pins ?? {};
  return {
    idleTimeoutMs: idleTimeout === undefined ? null : milliseconds(idleTimeout),
    versioningBehavior: versioningBehavior ?? "Pinned",
    safeBoundary: boundaryOf(safeBoundary),
  };
}

function boundaryOf(written: SafeBoundary): MoveBoundary | null {
  if (written === undefined) return null;
  if (written === "conversation-end") return { header: true, idleMs: null };
  return { header: written.header, idleMs: written.idle === undefined ? null : milliseconds(written.idle) };
}

function milliseconds(text: string): number {
  return parseDurationMs(text) ?? 0;
}

function warningsOf(plan: RolloutPlan): readonly string[] {
  if (isShadowOnly(plan)) return [];
  const judgesOutcome = plan.gates.some(
    (gate) => gate.role === "guardrail" && (gate.of === "escalation-rate" || gate.of.startsWith("score.")),
  );
  return [...(judgesOutcome ? [] : [NO_OUTCOME]), ...(plan.strategy?.kind === "user" ? [ALIKE] : [])];
}

const NO_OUTCOME =
  "no guardrail judges an outcome: a canary that answers without errors but helps nobody would be promoted; add a gate on escalation-rate or on a score";
const ALIKE =
  "users are drawn, but gates count sessions, and those of one user are alike: a few users with many sessions can look like a difference; hold a step until many users have met it";
