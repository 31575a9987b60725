import type { RolloutView } from "@perch/api";
import { canaryWeightBp, type ReleaseTraffic, type Rollout } from "@perch/domain";
import type { PinCounts } from "../gateways/pin-counts.ts";
import type { SessionFigures } from "./session-figures.ts";

type Drift = RolloutView["drift"];
type Counts = Drift["counts"]["turns"];
type Of = "newSessions" | "liveSessions" | "turns";

const NOTHING: Counts = { canary: 0, baseline: 0, all: 0 };

/** How far the canary's shares are from its weight. All releases of the agent count, whoever assigned their sessions. */
export function driftOf(rollout: Rollout, { traffic }: SessionFigures, livePins: readonly LivePins[] | null): Drift {
  const target = canaryWeightBp(rollout) / 10_000;
  const releases = traffic?.releases ?? [];
  const count = (of: Of): Counts => countsOf(rollout, releases, (one) => one[of]);
  const byPins = traffic === null ? null : livePins;
  const counts = {
    newSessions: count("newSessions"),
    liveSessions: byPins === null ? count("liveSessions") : countsOf(rollout, byPins, (one) => one.pins),
    turns: count("turns"),
  };
  return {
    target,
    newSessions: shareOf(counts.newSessions),
    liveSessions: shareOf(counts.liveSessions),
    turns: shareOf(counts.turns),
    since: traffic?.since ?? null,
    counts,
    liveBy: byPins === null ? "records" : "pins",
  };
}

export type LivePins = { readonly release: string; readonly pins: number };

/** Null while the gateways cannot say of all of the agent's releases. */
export function livePinsOf(
  { plan }: Rollout,
  releases: readonly ReleaseTraffic["release"][],
  pinCounts: Pick<PinCounts, "live">,
): readonly LivePins[] | null {
  const counted = releases.map((release) => ({ release, pins: pinCounts.live(plan.agent, release) }));
  const known = counted.flatMap(({ release, pins }) => (pins === null ? [] : [{ release, pins }]));
  return known.length < counted.length ? null : known;
}

function countsOf<T extends { readonly release: string }>(
  { canary, baseline }: Rollout,
  releases: readonly T[],
  countOf: (one: T) => number,
): Counts {
  return releases.reduce((counts, one) => {
    const count = countOf(one);
    return {
      canary: counts.canary + (one.release === canary.digest ? count : 0),
      baseline: counts.baseline + (one.release === baseline.digest ? count : 0),
      all: counts.all + count,
    };
  }, NOTHING);
}

function shareOf({ canary, all }: Counts): number | null {
  return all === 0 ? null : canary / all;
}
