import type { IntentTargeting, Targeting, Unsure } from "./targeting.ts";

const WHY_UNSURE: Readonly<Record<Unsure, string>> = {
  lowConfidence: "was not sure enough",
  noIntent: "found no intent",
  timeout: "did not answer in time",
  unreachable: "could not be reached or failed",
  malformed: "gave an answer that cannot be read",
  versionMismatch: "answered as another version",
  busy: "had too much to do already",
  circuitOpen: "had failed too often to be asked",
  overtaken: "was not asked, because the rollout began while the request was read",
};

/** Why a session was left out of a rollout, or null when it was drawn. */
export function explainExclusion(targeting: Targeting): string | null {
  const outside = "so it went to the baseline, outside the comparison";
  if (targeting.kind === "user") {
    const { rollout, place } = targeting;
    return place === null ? `rollout ${rollout} draws users, and the request named none (unkeyed), ${outside}` : null;
  }
  const { rollout, classifier, outcome } = targeting;
  if (outcome === "eligible") return null;
  if (outcome === "notIncluded") {
    return `classifier ${classifier} took its first turn for ${said(targeting)}, which rollout ${rollout} does not include, ${outside}`;
  }
  const about = targeting.intent === null ? "" : ` (${said(targeting)})`;
  return `classifier ${classifier} of rollout ${rollout} ${WHY_UNSURE[outcome]}${about}, ${outside}`;
}

/** What was drawn, to stand before the bucket that it got. */
export function explainKey(targeting: Targeting | null): string {
  if (targeting === null) return "";
  if (targeting.kind === "user") return `the user in ${targeting.place ?? "no place"} was drawn: `;
  return `classifier ${targeting.classifier} took its first turn for ${said(targeting)}, which the rollout includes: `;
}

function said({ intent, confidence }: IntentTargeting): string {
  return `${intent ?? "none"} with confidence ${confidence ?? 0}`;
}
