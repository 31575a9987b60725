import { createMemoryPinStore } from "@perch/adapters/in-memory";
import { digestOf, parseAgentName, parseGatewayId, type Digest } from "@perch/domain";
import { anAgentRoute, aPin, aRoutingTable, aTurnRecord } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { createPlacementCounts } from "../session/placement-counts.ts";
import { createSyncState } from "../sync/sync-state.ts";
import { createHeldTable } from "../table/held-table.ts";
import { createMetrics } from "./create-metrics.ts";
import { measurePinStore } from "./measured-pin-store.ts";
import { mergeMetrics } from "./merge-metrics.ts";
import { createMeter, type MeterCounts } from "./meter.ts";

const agent = parseAgentName("support");
const [baseline, canary, gone] = [digestOf("a"), digestOf("b"), digestOf("c")];

const MIRROR = {
  sessions: 2,
  mirrored: 8,
  answered: 6,
  failed: { timeout: 2 },
  dropped: { queue_full: 5 },
  skipped: {},
  abandoned: 1,
  queueBytes: 900,
  queued: 3,
  inFlight: 1,
};

function metricsOf(meter: MeterCounts, gateway = "gw-1"): { text(): Promise<string> } {
  const held = createHeldTable(() => 0);
  const releases = [baseline, canary].map((release, index) => ({
    release,
    version: `1.0.${index}`,
    urls: ["http://127.0.0.1:1"],
  }));
  held.offer(aRoutingTable({ revision: { epoch: 4, sequence: 2 }, agents: [anAgentRoute({ agent, releases })] }));
  const { store, operations } = measurePinStore(
    createMemoryPinStore(() => 0),
    () => 0,
  );
  return createMetrics({
    gateway: parseGatewayId(gateway),
    version: "9.9.9",
    startedAt: 0,
    meter,
    held,
    sync: createSyncState(() => 0),
    pins: {
      operations,
      faults: () => 3,
      cached: {
        ...store,
        sessionOf: (_agent, id) => id,
        catchUp: async () => {},
        remembered: () => null,
        fresh: () => null,
        confirm: (pin, ttlMs) => store.claim(pin, ttlMs),
        counts: () => ({ unwritten: 5, dropped: 0, conflicts: 1 }),
      },
    },
    counts: createPlacementCounts(),
    pools: { counts: () => new Map([["http://127.0.0.1:1", { open: 3, idle: 1 }]]) },
    health: { isAside: () => true },
    mirror: { status: () => MIRROR },
    inFlight: () => 7,
    connections: () => 9,
    draining: () => null,
    outbox: { countPending: () => 11, countBuried: () => 0 },
    spans: () => ({ queued: 1, sent: 2, dropped: 3, failed: 4 }),
  });
}

const turn = (release: Digest, more: Partial<Parameters<typeof aTurnRecord>[0]>) =>
  aTurnRecord({ agent, release, arm: "canary", ...more });

describe("the metrics", () => {
  test("tell turns by release, arm, status and fault, and how long they took", async () => {
    const meter = createMeter();
    meter.recorded(turn(canary, { status: 200, durationMs: 30, firstByteMs: 4, responseBytes: 10 }));
    meter.recorded(turn(canary, { status: 204, durationMs: 400_000, firstByteMs: null, responseBytes: 5 }));
    meter.recorded(turn(canary, { status: 502, fault: "upstream_reset", durationMs: 30 }));
    meter.recorded(turn(canary, { kind: "assignment" }));
    const text = await metricsOf(meter).text();
    const whose = `agent="support",release="${canary}",version="1.0.1",arm="canary"`;
    for (const line of [
      `perch_gateway_turns_total{${whose},status="2xx",fault="none",gateway="gw-1"} 2`,
      `perch_gateway_turns_total{${whose},status="5xx",fault="upstream_reset",gateway="gw-1"} 1`,
      `perch_gateway_turn_duration_seconds_bucket{${whose},le="0.025",gateway="gw-1"} 0`,
      `perch_gateway_turn_duration_seconds_bucket{${whose},le="0.05",gateway="gw-1"} 2`,
      `perch_gateway_turn_duration_seconds_bucket{${whose},le="300",gateway="gw-1"} 2`,
      `perch_gateway_turn_duration_seconds_bucket{${whose},le="+Inf",gateway="gw-1"} 3`,
      `perch_gateway_turn_duration_seconds_count{${whose},gateway="gw-1"} 3`,
      `perch_gateway_assignments_total{${whose},gateway="gw-1"} 1`,
    ]) {
      expect(text).toContain(line);
    }
  });

  test("tell what is refused, open, queued and held", async () => {
    const meter = createMeter();
    meter.refused("release_busy");
    meter.opened("events");
    meter.opened("websocket");
    meter.closed("websocket");
    const text = await metricsOf(meter).text();
    for (const line of [
      'perch_gateway_refusals_total{code="release_busy",gateway="gw-1"} 1',
      'perch_gateway_streams_open{kind="events",gateway="gw-1"} 1',
      'perch_gateway_streams_open{kind="websocket",gateway="gw-1"} 0',
      'perch_gateway_table_epoch{gateway="gw-1"} 4',
      'perch_gateway_lease_valid{gateway="gw-1"} 1',
      'perch_gateway_upstream_connections{origin="http://127.0.0.1:1",state="busy",gateway="gw-1"} 2',
      'perch_gateway_upstream_healthy{origin="http://127.0.0.1:1",gateway="gw-1"} 0',
      'perch_gateway_pin_faults_total{gateway="gw-1"} 3',
      'perch_gateway_outbox_pending{gateway="gw-1"} 11',
      'perch_gateway_spans_total{outcome="dropped",gateway="gw-1"} 3',
      'perch_gateway_requests_in_flight{gateway="gw-1"} 7',
      'perch_gateway_shadow_turns_total{outcome="answered",reason="none",gateway="gw-1"} 6',
      'perch_gateway_shadow_turns_total{outcome="dropped",reason="queue_full",gateway="gw-1"} 5',
      'perch_gateway_shadow_queue_bytes{gateway="gw-1"} 900',
      "nodejs_eventloop_lag_seconds",
      "process_resident_memory_bytes",
    ]) {
      expect(text).toContain(line);
    }
  });

  test("are the same when they are read twice, and go on growing", async () => {
    const meter = createMeter();
    meter.refused("x");
    const metrics = metricsOf(meter);
    const own = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("perch_gateway_"));
    expect(own(await metrics.text())).toEqual(own(await metrics.text()));
    meter.refused("x");
    expect(await metrics.text()).toContain('perch_gateway_refusals_total{code="x",gateway="gw-1"} 2');
  });

  test("forget a release that is in no table any more", async () => {
    const meter = createMeter();
    meter.recorded(turn(gone, {}));
    meter.recorded(turn(canary, {}));
    meter.turns.keepOnly(new Set([canary]));
    const text = await metricsOf(meter).text();
    expect([text.includes(gone), text.includes(canary)]).toEqual([false, true]);
  });

  test("of several workers are one text in which each metric's lines stand together", async () => {
    const meter = createMeter();
    meter.refused("x");
    const reports = ["gw-1", "gw-2"].map(async (gateway) => ({
      gateway,
      metrics: await metricsOf(meter, gateway).text(),
    }));
    const text = mergeMetrics({ reporting: await Promise.all(reports), silent: ["gw-3"] });
    const lines = text.split("\n");
    const at = lines.indexOf("# TYPE perch_gateway_refusals_total counter");
    expect(lines.slice(at + 1, at + 4)).toEqual([
      'perch_gateway_refusals_total{code="x",gateway="gw-1"} 1',
      'perch_gateway_refusals_total{code="x",gateway="gw-2"} 1',
      "",
    ]);
    expect(text).toContain('perch_gateway_workers{state="silent"} 1\n');
    expect(lines.filter((line) => line === "# TYPE perch_gateway_refusals_total counter")).toHaveLength(1);
  });
});

test("a measured pin store answers as the store does, and counts what was done and what failed", async () => {
  let now = 0;
  const broken = { ...createMemoryPinStore(() => 0), find: () => Promise.reject(new Error("away")) };
  const { store, operations } = measurePinStore(broken, () => (now += 2));
  const pin = aPin({});
  expect(await store.claim(pin, 1000)).toEqual(pin);
  await expect(store.find(pin.agent, pin.session)).rejects.toThrow("away");
  expect(operations.get("claim")).toMatchObject({ done: 1, failed: 0, seconds: { sum: 0.002 } });
  expect(operations.get("find")).toMatchObject({ done: 0, failed: 1 });
});
