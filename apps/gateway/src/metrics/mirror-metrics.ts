import type { Registry } from "prom-client";
import type { Mirror } from "../mirror/create-mirror.ts";
import { registerCounter, registerGauge, single, type Sample } from "@perch/adapters/prometheus";

export type MirrorMetricsDeps = { readonly mirror: Pick<Mirror, "status"> };

/** What became of what was to be sent a second time, and what waits for it. */
export function registerMirrorMetrics(registry: Registry, { mirror }: MirrorMetricsDeps): void {
  registerCounter(
    registry,
    {
      name: "perch_gateway_shadow_turns_total",
      help: "Turns of mirrored sessions by what became of their mirror, and why where it was not answered.",
      labelNames: ["outcome", "reason"],
    },
    () => {
      const { answered, failed, dropped, skipped } = mirror.status();
      const others = Object.entries({ failed, dropped, skipped }).flatMap(samplesOf);
      return [{ labels: { outcome: "answered", reason: "none" }, value: answered }, ...others];
    },
  );
  const counter = (name: string, help: string, read: () => number): void =>
    registerCounter(registry, { name: `perch_gateway_${name}`, help }, () => single(read()));
  counter("shadow_sessions_total", "Sessions whose mirror was begun.", () => mirror.status().sessions);
  counter(
    "shadow_sessions_abandoned_total",
    "Mirrors that ended before their session.",
    () => mirror.status().abandoned,
  );
  const gauge = (name: string, help: string, read: () => number): void =>
    registerGauge(registry, { name: `perch_gateway_${name}`, help }, () => single(read()));
  gauge("shadow_requests_queued", "Mirrored requests that wait to be sent.", () => mirror.status().queued);
  gauge("shadow_requests_in_flight", "Mirrored requests under way.", () => mirror.status().inFlight);
  gauge("shadow_queue_bytes", "What is held of requests that are to be mirrored.", () => mirror.status().queueBytes);
}

function samplesOf([outcome, byReason]: [string, Readonly<Record<string, number>>]): Sample[] {
  return Object.entries(byReason).map(([reason, value]) => ({ labels: { outcome, reason }, value }));
}
