import { unpause } from "./apply-block.ts";
import { toNextStep } from "./leave-step.ts";
import { moveTo } from "./move-to.ts";
import { rollBack } from "./roll-back.ts";
import { endShadowing } from "./shadowing.ts";
import type { Phase, Rollout, RolloutEvent } from "./rollout.ts";

type Request = Extract<RolloutEvent, { actor: string; reason: string }>;

export function isRequest(event: RolloutEvent): event is Request {
  return event.type.endsWith("Requested");
}

/** What a person asks for. Asking for what cannot be done now returns the very same object. */
export function applyRequest(rollout: Rollout, request: Request): Rollout {
  switch (request.type) {
    case "pauseRequested":
      return pause(rollout, request);
    case "resumeRequested":
      if (rollout.phase.kind === "Shadowing") return resumeShadowing(rollout, rollout.phase, request);
      return rollout.phase.kind === "Paused" ? resume(rollout, rollout.phase, request) : rollout;
    case "rollbackRequested":
      return isReversible(rollout, request.at)
        ? rollBack(rollout, { ...by(request), culprits: [], reason: because(request, "asked for") })
        : rollout;
    case "abortRequested":
      return isBeforePromotion(rollout) ? abort(rollout, request) : rollout;
    case "promoteRequested":
      if (!isExposed(rollout)) return rollout;
      return moveTo(
        rollout,
        { kind: "Promoting" },
        {
          ...by(request),
          text: `${rollout.canary.version} becomes the current release: ${because(request, "asked for")}`,
        },
      );
  }
}

function pause(rollout: Rollout, request: Request): Rollout {
  const { phase } = rollout;
  if (phase.kind === "Shadowing") return holdShadowing(rollout, phase, request);
  if (phase.kind !== "Shifting" && phase.kind !== "Baking" && phase.kind !== "Paused") return rollout;
  if (phase.kind === "Paused" && phase.why === "manual") return rollout;
  const startedAt = phase.kind === "Shifting" ? null : phase.startedAt;
  const routedStep = phase.kind === "Paused" ? phase.routedStep : phase.step;
  const reason = because(request, "paused by hand");
  return moveTo(
    rollout,
    { kind: "Paused", step: phase.step, startedAt, routedStep, why: "manual", gates: [] },
    { ...by(request), reason, text: reason },
  );
}

/** Resuming is also the approval; and it says that whatever paused the rollout has been looked at. */
function resume(rollout: Rollout, phase: Extract<Phase, { kind: "Paused" }>, request: Request): Rollout {
  const seen: Rollout = {
    ...rollout,
    acknowledgedGates: [...new Set([...rollout.acknowledgedGates, ...phase.gates])],
    hasAcknowledgedSampleRatio: rollout.hasAcknowledgedSampleRatio || phase.why === "sampleRatio",
  };
  if (phase.why === "approval") return toNextStep(seen, phase.step, by(request));
  return unpause(seen, phase, { ...by(request), text: because(request, "resumed") });
}

/** Mirroring goes on, as a weight does in a pause; what waits is the step after it. */
function holdShadowing(rollout: Rollout, phase: Extract<Phase, { kind: "Shadowing" }>, request: Request): Rollout {
  if (phase.hold === "manual") return rollout;
  const reason = because(request, "paused by hand");
  return moveTo(rollout, { ...phase, hold: "manual" }, { ...by(request), reason, text: reason });
}

function resumeShadowing(rollout: Rollout, phase: Extract<Phase, { kind: "Shadowing" }>, request: Request): Rollout {
  if (phase.hold === null) return rollout;
  if (phase.hold === "approval") return endShadowing(rollout, by(request));
  return moveTo(rollout, { ...phase, hold: null }, { ...by(request), text: because(request, "resumed") });
}

function abort(rollout: Rollout, request: Request): Rollout {
  const reason = because(request, "aborted by hand");
  return moveTo(rollout, { kind: "Aborting" }, { ...by(request), reason, text: reason });
}

function isExposed({ phase }: Rollout): boolean {
  return phase.kind === "Shifting" || phase.kind === "Baking" || phase.kind === "Paused";
}

function isBeforePromotion(rollout: Rollout): boolean {
  return isExposed(rollout) || ["Pending", "Preparing", "Shadowing"].includes(rollout.phase.kind);
}

/** I7: from every phase in which the canary runs, and from a promotion within its window. */
function isReversible(rollout: Rollout, at: number): boolean {
  const { phase } = rollout;
  if (phase.kind === "Succeeded") return at < phase.rollbackUntil;
  return isExposed(rollout) || phase.kind === "Shadowing" || phase.kind === "Promoting";
}

function by(request: Request): { at: number; actor: string } {
  return { at: request.at, actor: request.actor };
}

function because(request: Request, otherwise: string): string {
  return request.reason === "" ? `${otherwise} by ${request.actor}` : request.reason;
}
