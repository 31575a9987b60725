import type { RolloutView } from "@perch/api";

export type Phase = RolloutView["phase"];
export type Tone = "active" | "hold" | "good" | "bad" | "quiet";

const WORDS: Record<Phase, { readonly label: string; readonly tone: Tone; readonly meaning: string }> = {
  Pending: { label: "Pending", tone: "quiet", meaning: "accepted, not yet looked at" },
  Preparing: { label: "Preparing", tone: "quiet", meaning: "releases and deployments are being checked" },
  Shadowing: {
    label: "Shadowing",
    tone: "active",
    meaning: "some sessions are mirrored to the canary; the baseline serves everybody",
  },
  Shifting: { label: "Shifting", tone: "active", meaning: "a new weight is on its way to the gateways" },
  Baking: { label: "Baking", tone: "active", meaning: "sessions are being compared at this weight" },
  Paused: { label: "Paused", tone: "hold", meaning: "the weight is held" },
  Promoting: { label: "Promoting", tone: "good", meaning: "the canary is becoming the current release" },
  Succeeded: { label: "Promoted", tone: "good", meaning: "the canary is the current release" },
  RollingBack: {
    label: "Rolling back",
    tone: "bad",
    meaning: "new sessions go to the baseline, gateways are answering",
  },
  RolledBack: { label: "Rolled back", tone: "bad", meaning: "every gateway sends new sessions to the baseline" },
  Aborting: { label: "Aborting", tone: "quiet", meaning: "new sessions go to the baseline, gateways are answering" },
  Aborted: { label: "Aborted", tone: "quiet", meaning: "stopped by a person, without blame on the canary" },
  Superseding: {
    label: "Superseding",
    tone: "quiet",
    meaning: "another rollout takes its place; gateways are answering",
  },
  Superseded: { label: "Superseded", tone: "quiet", meaning: "another rollout took its place, without blame" },
  Failed: { label: "Failed", tone: "bad", meaning: "stopped before any session met the canary" },
};

export type PhaseWords = { readonly label: string; readonly tone: Tone; readonly meaning: string };

/** A phase as a person reads it. */
export function describePhase(phase: Phase): PhaseWords {
  return WORDS[phase];
}

const MIRRORED: PhaseWords = {
  label: "Mirrored",
  tone: "quiet",
  meaning: "the mirror has run its time; nobody met it",
};

/** Where a rollout stands. One that only mirrors promotes nothing when it succeeds. */
export function describeStanding(rollout: Pick<RolloutView, "phase" | "steps">): PhaseWords {
  return onlyMirrored(rollout) ? MIRRORED : describePhase(rollout.phase);
}

export function onlyMirrored({ phase, steps }: Pick<RolloutView, "phase" | "steps">): boolean {
  return phase === "Succeeded" && steps.length === 0;
}
