import { carryOut } from "./condemn.ts";
import { withoutCondition } from "./conditions.ts";
import { toNextStep } from "./leave-step.ts";
import { moveTo, note } from "./move-to.ts";
import { isBeforePromotion, isOnStep } from "./phase-groups.ts";
import { pauseFor, unpause } from "./pause-for.ts";
import { rollBack } from "./roll-back.ts";
import { endShadowing } from "./shadowing.ts";
import type { Condition, PauseReason, Phase, Rollout, RolloutEvent } from "./rollout.ts";

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
      return isReversible(rollout, request.at) ? takeBack(rollout, request) : rollout;
    case "undoRequested":
      return undo(rollout, request);
    case "abortRequested":
      return isBeforePromotion(rollout) ? abort(rollout, request) : rollout;
    case "promoteRequested":
      if (!isOnStep(rollout.phase)) return rollout;
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

type Of<Type extends Request["type"]> = Extract<Request, { type: Type }>;

function pause(rollout: Rollout, request: Of<"pauseRequested">): Rollout {
  const { phase } = rollout;
  const freezes = request.freezeNew === true;
  if (phase.kind === "Shadowing") return freezes ? rollout : holdShadowing(rollout, phase, request);
  // What has been announced is undone first, so that nobody cancels a rollback unawares.
  if (!isOnStep(phase) || rollout.announcement !== null) return rollout;
  const isPaused = phase.kind === "Paused" && phase.why === "manual";
  if (isPaused && (!freezes || phase.routedStep === null)) return rollout;
  const reason = because(request, freezes ? "paused by hand, without new sessions" : "paused by hand");
  const why = "manual";
  if (!freezes) return pauseFor(rollout, phase, { ...by(request), why, gates: [], reason });
  const { step } = phase;
  const frozen: Phase = { kind: "Paused", step, startedAt: null, routedStep: null, why, gates: [] };
  return moveTo(rollout, frozen, { ...by(request), reason, text: reason });
}

/** To a target that does not answer only a person who says so goes at once. Nobody was sent away from a mirror's baseline. */
function takeBack(rollout: Rollout, request: Of<"rollbackRequested">): Rollout {
  const reason = because(request, "asked for");
  const isSafe = request.force === true || rollout.targetProblem === null || rollout.phase.kind === "Shadowing";
  if (isSafe) return rollBack(rollout, { ...by(request), culprits: [], reason });
  return carryOut(rollout, { at: request.at, culprits: [], reason });
}

function undo(rollout: Rollout, request: Of<"undoRequested">): Rollout {
  const { announcement, phase } = rollout;
  if (announcement === null) return rollout;
  if (phase.kind === "Paused") return resume(rollout, phase, request);
  const text = because(request, "undone");
  const acknowledgedGates = [...new Set([...rollout.acknowledgedGates, ...announcement.culprits])];
  return note({ ...rollout, announcement: null, acknowledgedGates, reason: "" }, { ...by(request), text });
}

/** Resuming is also the approval; and it says that whatever paused the rollout has been looked at. */
function resume(rollout: Rollout, phase: Extract<Phase, { kind: "Paused" }>, request: Request): Rollout {
  const seen: Rollout = {
    ...(isCondition(phase.why) ? withoutCondition(rollout, phase.why) : rollout),
    announcement: null,
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

/** I7: from every phase in which the canary runs, and from a promotion within its window. */
function isReversible(rollout: Rollout, at: number): boolean {
  const { phase } = rollout;
  if (phase.kind === "Succeeded") return at < phase.rollbackUntil;
  return isOnStep(phase) || phase.kind === "Shadowing" || phase.kind === "Promoting";
}

function by(request: Request): { at: number; actor: string } {
  return { at: request.at, actor: request.actor };
}

function because(request: Request, otherwise: string): string {
  return request.reason === "" ? `${otherwise} by ${request.actor}` : request.reason;
}

function isCondition(why: PauseReason): why is Condition {
  return why === "noTraffic" || why === "metricsOutage" || why === "providerOutage";
}
