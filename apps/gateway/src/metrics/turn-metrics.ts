import type { Registry } from "prom-client";
import type { HeldTable } from "../table/held-table.ts";
import type { MeterCounts } from "./meter.ts";
import { registerCounter, registerGauge, registerHistogram, type Sample } from "@perch/adapters/prometheus";
import type { TurnSeries } from "./turn-counts.ts";

export type TurnMetricsDeps = {
  readonly meter: Pick<MeterCounts, "turns" | "refusals" | "streams">;
  readonly held: Pick<HeldTable, "index">;
};

const WHOSE = ["agent", "release", "version", "arm"] as const;

/** What users got: turns, how long they took, what the gateway refused, what is open. */
export function registerTurnMetrics(registry: Registry, { meter, held }: TurnMetricsDeps): void {
  const ofAll = (): Labelled[] => [...meter.turns.series()].map((series) => ({ series, labels: whose(series, held) }));
  registerTurns(registry, ofAll);
  registerTotals(registry, ofAll);
  registerRefusals(registry, meter);
}

type Labelled = { readonly series: TurnSeries; readonly labels: Record<string, string> };

function whose({ agent, release, arm }: TurnSeries, held: TurnMetricsDeps["held"]): Record<string, string> {
  const version = held.index()?.agents.get(agent)?.releases.get(release)?.version ?? "";
  return { agent, release, version, arm };
}

function registerTurns(registry: Registry, ofAll: () => Labelled[]): void {
  registerCounter(
    registry,
    { name: "perch_gateway_turns_total", help: "Turns that ended.", labelNames: [...WHOSE, "status", "fault"] },
    () => ofAll().flatMap(samplesOf),
  );
  registerHistogram(
    registry,
    {
      name: "perch_gateway_turn_duration_seconds",
      help: "From a request's arrival to the last byte of its answer.",
      labelNames: WHOSE,
    },
    () => ofAll().map(({ series, labels }) => ({ labels, distribution: series.durations })),
  );
  registerHistogram(
    registry,
    {
      name: "perch_gateway_turn_first_byte_seconds",
      help: "From a request's arrival to the first byte of the agent's answer.",
      labelNames: WHOSE,
    },
    () => ofAll().map(({ series, labels }) => ({ labels, distribution: series.firstBytes })),
  );
}

function registerTotals(registry: Registry, ofAll: () => Labelled[]): void {
  const total = (name: string, help: string, valueOf: (series: TurnSeries) => number): void =>
    registerCounter(registry, { name: `perch_gateway_${name}_total`, help, labelNames: WHOSE }, () =>
      ofAll().map(({ series, labels }) => ({ labels, value: valueOf(series) })),
    );
  total("request_bytes", "Bytes of requests' bodies.", (series) => series.requestBytes);
  total("response_bytes", "Bytes of answers' bodies.", (series) => series.responseBytes);
  total("assignments", "Sessions that were pinned under a rollout.", (series) => series.assignments);
}

function samplesOf({ series, labels }: Labelled): Sample[] {
  return series.turns.map(({ statusClass, fault, count }) => ({
    labels: { ...labels, status: statusClass === 0 ? "none" : `${statusClass}xx`, fault: fault ?? "none" },
    value: count,
  }));
}

function registerRefusals(registry: Registry, { refusals, streams }: TurnMetricsDeps["meter"]): void {
  registerCounter(
    registry,
    {
      name: "perch_gateway_refusals_total",
      help: "Requests that the gateway answered itself, by the code of its answer.",
      labelNames: ["code"],
    },
    () => [...refusals].map(([code, value]) => ({ labels: { code }, value })),
  );
  registerGauge(
    registry,
    {
      name: "perch_gateway_streams_open",
      help: "Answers of server-sent events and WebSockets that are open now.",
      labelNames: ["kind"],
    },
    () => Object.entries(streams).map(([kind, value]) => ({ labels: { kind }, value })),
  );
}
