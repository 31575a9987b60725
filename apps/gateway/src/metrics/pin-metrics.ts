import type { Registry } from "prom-client";
import type { Pins } from "../pins/open-pin-store.ts";
import type { PlacementCounts } from "../session/placement-counts.ts";
import { registerCounter, registerGauge, registerHistogram, single } from "@perch/adapters/prometheus";

export type PinMetricsDeps = {
  readonly pins: Pick<Pins, "operations" | "faults" | "cached">;
  readonly counts: Pick<PlacementCounts, "counts">;
};

/** The pin store, what had to be decided without it, and what clients brought along. */
export function registerPinMetrics(registry: Registry, { pins, counts }: PinMetricsDeps): void {
  registerCounter(
    registry,
    {
      name: "perch_gateway_pin_store_operations_total",
      help: "What the pin store was asked for; most requests are answered from memory.",
      labelNames: ["operation", "outcome"],
    },
    () =>
      [...pins.operations].flatMap(([operation, { done, failed }]) => [
        { labels: { operation, outcome: "done" }, value: done },
        { labels: { operation, outcome: "failed" }, value: failed },
      ]),
  );
  registerHistogram(
    registry,
    {
      name: "perch_gateway_pin_store_seconds",
      help: "How long the pin store took.",
      labelNames: ["operation"],
    },
    () => [...pins.operations].map(([operation, { seconds }]) => ({ labels: { operation }, distribution: seconds })),
  );
  registerWithoutStore(registry, pins);
  registerPresented(registry, counts);
}

function registerWithoutStore(registry: Registry, { faults, cached }: PinMetricsDeps["pins"]): void {
  registerCounter(
    registry,
    { name: "perch_gateway_pin_faults_total", help: "Requests that were placed without the pin store, which failed." },
    () => single(faults()),
  );
  registerGauge(
    registry,
    {
      name: "perch_gateway_pins_unwritten",
      help: "Pins and aliases decided without the store that wait for it.",
    },
    () => single(cached.counts().unwritten),
  );
  registerCounter(
    registry,
    {
      name: "perch_gateway_pins_dropped_total",
      help: "Pins and aliases decided without the store that had to make room.",
    },
    () => single(cached.counts().dropped),
  );
  registerCounter(
    registry,
    {
      name: "perch_gateway_pin_conflicts_total",
      help: "Sessions placed without the store otherwise than by a gateway that was earlier.",
    },
    () => single(cached.counts().conflicts),
  );
}

function registerPresented(registry: Registry, { counts }: PinMetricsDeps["counts"]): void {
  const outcomes = (of: Readonly<Record<string, number>>) =>
    Object.entries(of).map(([outcome, value]) => ({ labels: { outcome }, value }));
  registerCounter(
    registry,
    {
      name: "perch_gateway_signed_pins_total",
      help: "Signed pins that clients brought along.",
      labelNames: ["outcome"],
    },
    () => outcomes(counts().signedPins),
  );
  registerCounter(
    registry,
    {
      name: "perch_gateway_overrides_total",
      help: "Override tokens that clients brought along.",
      labelNames: ["outcome"],
    },
    () => outcomes(counts().overrides),
  );
  registerCounter(
    registry,
    { name: "perch_gateway_aliases_learned_total", help: "Other ids of sessions that were learned from answers." },
    () => single(counts().aliasesLearned),
  );
}
