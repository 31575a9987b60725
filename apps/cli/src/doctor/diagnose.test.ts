import type { CollectorView, ServerChecks } from "@perch/api";
import { describe, expect, test } from "vitest";
import { diagnose, exitCodeOf, type Facts } from "./diagnose.ts";

const SAYS = `sha256:${"b".repeat(64)}`;
const SENT = `sha256:${"a".repeat(64)}`;

function aCollector(change: Partial<CollectorView> = {}): CollectorView {
  return {
    at: 0,
    spansKept: 10,
    spansUnknown: 0,
    spansRefused: 0,
    spansOddlyTimed: 0,
    spansAhead: 0,
    namesOverflowed: { tool: 0 },
    evaluationsRefused: 0,
    transactionsRefused: 0,
    failures: {},
    limitedBySender: {},
    attribution: { spansAgreeing: 10, spansSilent: 0, spansMisattributed: 0, misattributed: [] },
    ...change,
  };
}

function someChecks(change: Partial<ServerChecks> = {}): ServerChecks {
  return {
    version: "1.2.0",
    stores: [
      { store: "state", failure: null },
      { store: "traces", failure: null },
    ],
    disk: { directory: "/data/server", freeBytes: 50e9, totalBytes: 100e9 },
    gateways: [{ gateway: "gw-1", about: { version: "1.2.0", pinStore: { failure: null } } }],
    unpriced: { days: 7, models: [] },
    unjoined: { minutes: 30, spans: 10, unjoined: 5, names: ["cron"] },
    ...change,
  };
}

function facts(change: Partial<Facts> = {}): Facts {
  return {
    server: { url: "http://127.0.0.1:4600", isLoopback: true, failure: null },
    collector: aCollector(),
    skew: { ms: 5, uncertainMs: 5 },
    gateways: [{ gateway: "gw-1", sync: "Synced", revision: null, lastSeenAt: 0 }],
    agents: [],
    deployments: [{ agent: "support", version: "2.3.0", url: "http://127.0.0.1:1", failure: null }],
    scorers: { scorers: [] },
    store: { failure: null },
    self: { cliVersion: "1.2.0", checks: someChecks(), failure: null },
    disk: { directory: "/data", freeBytes: 50e9, totalBytes: 100e9 },
    ...change,
  };
}

const worst = (change: Partial<Facts>) => diagnose(facts(change)).filter(({ level }) => level !== "ok");

test("where all is well, every check says so and the exit code is 0", () => {
  const findings = diagnose(facts());
  expect(findings.map(({ check, level }) => `${check} ${level}`)).toEqual([
    "server ok",
    "versions ok",
    "clocks ok",
    "store ok",
    "state store ok",
    "trace store ok",
    "disk ok",
    "gateways ok",
    "pin store ok",
    "deployments ok",
    "attribution ok",
    "telemetry ok",
    "sessions ok",
    "prices ok",
  ]);
  expect(exitCodeOf(findings)).toBe(0);
});

test("a server that does not answer is all there is to say, but for the disk", () => {
  const server = { url: "http://127.0.0.1:1", isLoopback: true, failure: "ECONNREFUSED" };
  const findings = diagnose(facts({ server }));
  expect(findings.map(({ check, level }) => `${check} ${level}`)).toEqual(["server fail", "disk ok"]);
  expect(exitCodeOf(findings)).toBe(1);
});

test("a pod that runs another release than its URL promises is named with both releases", () => {
  const misattributed = [{ agent: "support", says: SAYS, wasSentTo: SENT, spans: 7 }];
  const attribution = { spansAgreeing: 3, spansSilent: 0, spansMisattributed: 7, misattributed };
  expect(worst({ collector: aCollector({ attribution }) })).toMatchObject([
    {
      check: "attribution",
      level: "fail",
      message: `7 spans say support@${SAYS.slice(0, 19)}, where the gateway had sent the turn to support@${SENT.slice(0, 19)}`,
    },
  ]);
});

const withChecks = (change: Partial<ServerChecks>): Pick<Facts, "self"> => ({
  self: { cliVersion: "1.2.0", checks: someChecks(change), failure: null },
});
const withGateway = (version: string, failure: string | null = null): Pick<Facts, "self"> =>
  withChecks({ gateways: [{ gateway: "gw-1", about: { version, pinStore: { failure } } }] });

describe("what is not as it should be", () => {
  const gateway = (sync: "Pending" | "Stale" | "Fenced") => [{ gateway: "gw-2", sync, revision: null, lastSeenAt: 0 }];
  const scorer = {
    name: "judge",
    version: "1",
    agents: null,
    samplePercent: 10,
    waiting: 1,
    scored: 2,
    unscored: {},
    lastHour: { calls: 0, usd: 0 },
    lastDay: { calls: 0, usd: 0 },
    budget: { callsPerHour: null, callsPerDay: null, usdPerHour: null, usdPerDay: null, usdPerCall: 0 },
    trouble: "answered 503",
  };

  test.each<[string, Partial<Facts>, readonly [string, string]]>([
    ["a clock that is off", { skew: { ms: -5000, uncertainMs: 100 } }, ["clocks warn", "5.0 s behind"]],
    ["a store that cannot be read", { store: { failure: "store_failed" } }, ["store fail", "store_failed"]],
    [
      "a disk that fills",
      withChecks({ disk: { directory: "/d", freeBytes: 1e9, totalBytes: 9e9 } }),
      ["disk warn", "1.0 GB of 9 GB are free at /d"],
    ],
    [
      "a full disk",
      withChecks({ disk: { directory: "/d", freeBytes: 1e6, totalBytes: 9e9 } }),
      ["disk fail", "0.0 GB"],
    ],
    [
      "a disk that fills, of a server that cannot tell",
      { ...withChecks({ disk: null }), disk: { directory: "/mine", freeBytes: 1e9, totalBytes: 9e9 } },
      ["disk warn", "/mine"],
    ],
    [
      "a state store that is read-only",
      withChecks({ stores: [{ store: "state", failure: "attempt to write a readonly database" }] }),
      ["state store fail", "decisions cannot be written: attempt to write"],
    ],
    [
      "a trace store that is full",
      withChecks({ stores: [{ store: "traces", failure: "no space left" }] }),
      ["trace store fail", "spans cannot be written: no space left"],
    ],
    ["a pin store that is away", withGateway("1.2.0", "ECONNREFUSED"), ["pin store fail", "gw-1 cannot write pins"]],
    [
      "a gateway of another version",
      withGateway("1.1.0"),
      ["versions warn", "gw-1 is of version 1.1.0, the server of 1.2.0"],
    ],
    [
      "a gateway that does not say its version",
      withChecks({ gateways: [{ gateway: "gw-1", about: null }] }),
      ["versions warn", "gw-1 did not say its version"],
    ],
    [
      "a server of another version",
      { self: { cliVersion: "1.3.0", checks: someChecks(), failure: null } },
      ["versions warn", "server is of version 1.2.0, this command of 1.3.0"],
    ],
    [
      "a server of a version without checks",
      { self: { cliVersion: "1.3.0", checks: null, failure: "found nothing at GET /v1/checks" } },
      ["versions warn", "cannot check itself: found nothing"],
    ],
    [
      "a model without a price",
      withChecks({ unpriced: { days: 7, models: [{ model: "ours-7b", sessions: 12 }] } }),
      ["prices warn", "no price for ours-7b (12 sessions) in the last 7 days"],
    ],
    [
      "spans that no session has",
      withChecks({ unjoined: { minutes: 30, spans: 10, unjoined: 6, names: ["chat", "cron"] } }),
      ["sessions warn", "6 of 10 spans of the last 30 minutes belong to no session, such as chat, cron"],
    ],
    ["no gateway", { gateways: [] }, ["gateways fail", "no gateway"]],
    ["a gateway that is late", { gateways: gateway("Pending") }, ["gateways warn", "gw-2"]],
    ["a gateway that is cut off", { gateways: gateway("Stale") }, ["gateways fail", "cut off"]],
    ["a gateway without a lease", { gateways: gateway("Fenced") }, ["gateways fail", "baseline"]],
    ["refused spans", { collector: aCollector({ spansRefused: 3 }) }, ["telemetry warn", "3 spans were refused"]],
    ["ids in names", { collector: aCollector({ namesOverflowed: { tool: 4 } }) }, ["telemetry warn", "(other)"]],
    ["no known dialect", { collector: aCollector({ spansUnknown: 10 }) }, ["telemetry warn", "no dialect"]],
    [
      "a store that failed",
      { collector: aCollector({ failures: { store_failed: 2 } }) },
      ["telemetry fail", "store_failed"],
    ],
    ["a scorer in trouble", { scorers: { scorers: [scorer] } }, ["scorers warn", "answered 503"]],
    [
      "an open door",
      { server: { url: "http://10.0.0.1:4600", isLoopback: false, failure: null } },
      ["exposure warn", "beyond this machine"],
    ],
    [
      "a release that is away",
      { deployments: [{ agent: "support", version: "2.3.1", url: "http://x", failure: "ECONNREFUSED" }] },
      ["deployments fail", "support@2.3.1 does not answer"],
    ],
  ])("%s is told once, with what to do", (_what, change, [expected, message]) => {
    const found = worst(change);
    expect(found.map(({ check, level }) => `${check} ${level}`)).toEqual([expected]);
    expect(found[0]?.message).toContain(message);
  });
});
