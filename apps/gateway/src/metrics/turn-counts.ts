import type { AgentName, Arm, Digest, TurnFault, TurnRecord } from "@perch/domain";
import { createDistribution, observe, type Distribution } from "@perch/adapters/prometheus";

/** The turns of one agent's release on one arm. */
export type TurnSeries = {
  readonly agent: AgentName;
  readonly release: Digest;
  readonly arm: Arm;
  readonly turns: TurnCount[];
  /** In seconds. */
  readonly durations: Distribution;
  readonly firstBytes: Distribution;
  requestBytes: number;
  responseBytes: number;
  /** Sessions that were pinned here under a rollout. */
  assignments: number;
};

export type TurnCount = { readonly statusClass: number; readonly fault: TurnFault; count: number };

/** Counts by agent, release and arm: all of them from routing tables, so that there are only so many. */
export type TurnCounts = {
  count(record: TurnRecord): void;
  series(): Iterable<TurnSeries>;
  /** Forgets releases that are in no table any more. */
  keepOnly(releases: ReadonlySet<Digest>): void;
};

/** An agent may answer from memory, or think for minutes. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export function createTurnCounts(): TurnCounts {
  const byRelease = new Map<Digest, TurnSeries[]>();

  /** A release has one agent and at most two arms. */
  function seriesOf({ agent, release, arm }: TurnRecord): TurnSeries {
    const known = byRelease.get(release);
    for (const one of known ?? []) if (one.arm === arm && one.agent === agent) return one;
    const fresh = newSeries(agent, release, arm);
    if (known === undefined) byRelease.set(release, [fresh]);
    else known.push(fresh);
    return fresh;
  }

  return {
    count(record) {
      const series = seriesOf(record);
      if (record.kind === "assignment") series.assignments += 1;
      if (record.kind === "turn") countTurn(series, record);
    },
    *series() {
      for (const series of byRelease.values()) yield* series;
    },
    keepOnly(releases) {
      for (const release of byRelease.keys()) if (!releases.has(release)) byRelease.delete(release);
    },
  };
}

function countTurn(series: TurnSeries, record: TurnRecord): void {
  const { status, fault } = record;
  const statusClass = Math.floor(status / 100);
  const same = series.turns.find((one) => one.statusClass === statusClass && one.fault === fault);
  if (same === undefined) series.turns.push({ statusClass, fault, count: 1 });
  else same.count += 1;
  observe(series.durations, record.durationMs / 1000);
  if (record.firstByteMs !== null) observe(series.firstBytes, record.firstByteMs / 1000);
  series.requestBytes += record.requestBytes;
  series.responseBytes += record.responseBytes;
}

function newSeries(agent: AgentName, release: Digest, arm: Arm): TurnSeries {
  const [durations, firstBytes] = [createDistribution(SECONDS), createDistribution(SECONDS)];
  return { agent, release, arm, turns: [], durations, firstBytes, requestBytes: 0, responseBytes: 0, assignments: 0 };
}
