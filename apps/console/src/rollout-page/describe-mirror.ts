import type { RolloutView } from "@perch/api";
import { formatCount, formatWeight } from "./format-number.ts";

/** What is mirrored, how much of it there was, and why it stopped if it did. */
export function describeMirror({
  percentageBp,
  isOn,
  stoppedBecause,
  spent,
  cap,
}: NonNullable<RolloutView["mirror"]>): string {
  const spending =
    `${formatCount(spent.sessions)} of at most ${formatCount(cap.sessions)} sessions, ` +
    `${formatCount(spent.turns)} of at most ${formatCount(cap.turns)} turns`;
  const share = `${isOn ? "Mirrors" : "Mirrored"} ${formatWeight(percentageBp)} of new sessions: ${spending}`;
  return stoppedBecause === "" ? share : `${share}; stopped: ${stoppedBecause}`;
}
