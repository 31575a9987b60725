import type { Drift, RolloutView } from "@perch/api";

type Counts = Drift["counts"]["turns"];

/** The canary's shares beside its weight, and who is left on the other release; nothing while there was no traffic. */
export function describeDrift(rollout: RolloutView): readonly string[] {
  const { drift, canary } = rollout;
  const { newSessions, liveSessions, turns } = drift.counts;
  if (drift.since === null || newSessions.all + liveSessions.all + turns.all === 0) return [];
  const shares = [
    `weight ${percentOf(drift.target)}`,
    `new sessions ${shareOf(newSessions)}`,
    `live now ${shareOf(liveSessions)}`,
    `turns ${shareOf(turns)}`,
  ];
  const since = `new sessions and turns since ${new Date(drift.since).toISOString()}, live by ${LIVE_BY[drift.liveBy]}`;
  return [
    `share         of ${canary.version}: ${shares.join(" | ")}`,
    `              (${since})`,
    ...describeResidual(rollout),
  ];
}

const LIVE_BY: Readonly<Record<Drift["liveBy"], string>> = { pins: "pins", records: "turn records" };

/** When all new sessions go to one release: how many are still on the other. */
function describeResidual({ weightBp, baseline, canary, drift }: RolloutView): readonly string[] {
  if (weightBp > 0 && weightBp < 10_000) return [];
  const [version, arm] = weightBp === 0 ? [canary.version, "canary" as const] : [baseline.version, "baseline" as const];
  const { liveSessions, turns } = drift.counts;
  const live = shareOf({ ...liveSessions, canary: liveSessions[arm] });
  return [`still on      ${version}: live now ${live} | turns ${shareOf({ ...turns, canary: turns[arm] })}`];
}

function shareOf({ canary, all }: Counts): string {
  return all === 0 ? "–" : `${percentOf(canary / all)} (${canary} of ${all})`;
}

function percentOf(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
