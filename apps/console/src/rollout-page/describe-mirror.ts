import type { RolloutView } from "@perch/api";
import { formatCount, formatWeight } from "./format-number.ts";
import { formatOdds } from "./format-odds.ts";

/** What is mirrored, how much of it there was, and why it stopped if it did. */
export function describeMirror({
  percentageBp,
  isOn,
  stoppedBecause,
  spent,
  cap,
  compared,
}: NonNullable<RolloutView["mirror"]>): string {
  const spending =
    `${formatCount(spent.sessions)} of at most ${formatCount(cap.sessions)} sessions, ` +
    `${formatCount(spent.turns)} of at most ${formatCount(cap.turns)} turns`;
  const share = `${isOn ? "Mirrors" : "Mirrored"} ${formatWeight(percentageBp)} of new sessions: ${spending}`;
  const stopped = stoppedBecause === "" ? share : `${share}; stopped: ${stoppedBecause}`;
  return compared === null || compared.pairs === 0 ? stopped : `${stopped}. ${describePairs(compared)}`;
}

type Compared = NonNullable<NonNullable<RolloutView["mirror"]>["compared"]>;

function describePairs({ pairs, failures, slower }: Compared): string {
  return (
    `Of ${formatCount(pairs)} pairs, only the shadow failed in ${formatCount(failures.onlyShadow)} and only the baseline in ` +
    `${formatCount(failures.onlyBaseline)} (${formatOdds(failures.logE)}); the shadow was slower in ` +
    `${formatCount(slower.onlyShadow)}, the baseline in ${formatCount(slower.onlyBaseline)}`
  );
}
