import type { AgentView, CollectorView, GatewayView, ScorersView } from "@perch/api";
import { pinStoresOf, storesOf, unjoinedOf, unpricedOf, versionsOf, type CheckFacts } from "./diagnose-checks.ts";
import { finding, type Finding } from "./finding.ts";

/** What could be found out. Null: it could not be asked. */
export type Facts = {
  readonly server: { readonly url: string; readonly isLoopback: boolean; readonly failure: string | null };
  readonly collector: CollectorView | null;
  /** How far the server's clock is ahead of this machine's, give or take `uncertainMs`. */
  readonly skew: { readonly ms: number; readonly uncertainMs: number } | null;
  readonly gateways: readonly GatewayView[] | null;
  readonly agents: readonly AgentView[] | null;
  /** Of each deployment's URL: null when something answers there. */
  readonly deployments: readonly {
    readonly agent: string;
    readonly version: string;
    readonly url: string;
    readonly failure: string | null;
  }[];
  readonly scorers: ScorersView | null;
  /** What the server found when it tried for itself. */
  readonly self: CheckFacts;
  /** Whether sessions can be read from the store, and why not. */
  readonly store: { readonly failure: string | null } | null;
  /** Of this machine's data directory, which may not be the server's. */
  readonly disk: { readonly directory: string; readonly freeBytes: number; readonly totalBytes: number } | null;
};

const MOST_SKEW_MS = 2000;
const LOW_DISK_BYTES = 2e9;
const EMPTY_DISK_BYTES = 2e8;

/** Everything worth knowing, in the order in which a person would look. */
export function diagnose(facts: Facts): readonly Finding[] {
  const { server } = facts;
  if (server.failure !== null) {
    return [
      finding(
        ["server", "fail"],
        `${server.url} does not answer: ${server.failure}`,
        "start it with `perch up`, or give its URL with --server",
      ),
      ...diskOf(facts),
    ];
  }
  return [
    finding(["server", "ok"], `${server.url} answers`, null),
    ...versionsOf(facts.self),
    ...clocksOf(facts),
    ...storeOf(facts),
    ...storesOf(facts.self),
    ...diskOf(facts),
    ...gatewaysOf(facts),
    ...pinStoresOf(facts.self),
    ...deploymentsOf(facts),
    ...attributionOf(facts),
    ...collectorOf(facts),
    ...unjoinedOf(facts.self),
    ...unpricedOf(facts.self),
    ...scorersOf(facts),
  ];
}

/** 1 where something fails, else 0: warnings are for people. */
export function exitCodeOf(findings: readonly Finding[]): 0 | 1 {
  return findings.some(({ level }) => level === "fail") ? 1 : 0;
}

function clocksOf({ skew }: Facts): readonly Finding[] {
  if (skew === null) return [];
  const off = Math.abs(skew.ms) - skew.uncertainMs;
  if (off <= MOST_SKEW_MS) return [finding(["clocks", "ok"], "the server's clock agrees with this machine's", null)];
  const way = skew.ms > 0 ? "ahead of" : "behind";
  return [
    finding(
      ["clocks", "warn"],
      `the server's clock is ${(Math.abs(skew.ms) / 1000).toFixed(1)} s ${way} this machine's`,
      "let both be kept by NTP",
    ),
  ];
}

function storeOf({ store }: Facts): readonly Finding[] {
  if (store === null) return [];
  if (store.failure === null) return [finding(["store", "ok"], "sessions can be read", null)];
  return [
    finding(
      ["store", "fail"],
      `sessions cannot be read: ${store.failure}`,
      "look at the server's log and its data directory",
    ),
  ];
}

function diskOf({ self, disk: ofThisMachine }: Facts): readonly Finding[] {
  const disk = self.checks?.disk ?? ofThisMachine;
  if (disk === null) return [];
  const free = `${(disk.freeBytes / 1e9).toFixed(1)} GB of ${(disk.totalBytes / 1e9).toFixed(0)} GB are free at ${disk.directory}`;
  const hint = "make room, or keep less (--keep-spans, --keep-sessions)";
  if (disk.freeBytes < EMPTY_DISK_BYTES) return [finding(["disk", "fail"], free, hint)];
  return [
    disk.freeBytes < LOW_DISK_BYTES ? finding(["disk", "warn"], free, hint) : finding(["disk", "ok"], free, null),
  ];
}

function gatewaysOf({ gateways }: Facts): readonly Finding[] {
  if (gateways === null) return [];
  if (gateways.length === 0) {
    return [finding(["gateways", "fail"], "no gateway has ever connected", "start one; without it nobody is served")];
  }
  const synced = gateways.filter(({ sync }) => sync === "Synced").length;
  const others = gateways.filter(({ sync }) => sync !== "Synced");
  return [
    ...(synced > 0
      ? [finding(["gateways", "ok"], `${synced} of ${gateways.length} have the routing table in force`, null)]
      : []),
    ...others.map(({ gateway, sync }) =>
      finding(["gateways", sync === "Pending" ? "warn" : "fail"], `${gateway} is ${SYNC[sync]}`, HINTS[sync]),
    ),
  ];
}

const SYNC: Readonly<Record<GatewayView["sync"], string>> = {
  Synced: "in step",
  Pending: "about to take the newest routing table",
  Stale: "cut off; it goes on with the table it has",
  Fenced: "cut off for longer than its lease: new sessions go to the baseline",
};
const HINTS: Readonly<Record<GatewayView["sync"], string | null>> = {
  Synced: null,
  Pending: "look again in a moment",
  Stale: "see that it runs and reaches the server",
  Fenced: "see that it runs and reaches the server; one that is gone for good counts as fenced for ever",
};

function deploymentsOf({ deployments }: Facts): readonly Finding[] {
  const away = deployments.filter(({ failure }) => failure !== null);
  const here = deployments.length - away.length;
  return [
    ...(here > 0 ? [finding(["deployments", "ok"], `${here} of ${deployments.length} answer`, null)] : []),
    ...away.map(({ agent, version, url, failure }) =>
      finding(
        ["deployments", "fail"],
        `${agent}@${version} does not answer at ${url}: ${failure ?? ""}`,
        "start it (`perch deploy`), or see that this machine reaches it",
      ),
    ),
  ];
}

function attributionOf({ collector, agents }: Facts): readonly Finding[] {
  if (collector === null) return [];
  const { spansAgreeing, spansMisattributed, misattributed } = collector.attribution;
  if (spansMisattributed === 0)
    return [
      finding(
        ["attribution", "ok"],
        `no span names another release than its turn's (${spansAgreeing} name the same)`,
        null,
      ),
    ];
  const nameOf = (agent: string, digest: string): string => {
    const releases = agents?.find((one) => one.agent === agent)?.releases ?? [];
    return `${agent}@${releases.find(({ release }) => release.digest === digest)?.release.version || digest.slice(0, 19)}`;
  };
  return misattributed.map(({ agent, says, wasSentTo, spans }) =>
    finding(
      ["attribution", "fail"],
      `${spans} spans say ${nameOf(agent, says)}, where the gateway had sent the turn to ${nameOf(agent, wasSentTo)}`,
      "a pod behind that release's URL runs another one: deploy it again",
    ),
  );
}

function collectorOf({ collector, server }: Facts): readonly Finding[] {
  if (collector === null) return [];
  const { spansKept, spansRefused, spansUnknown, spansAhead, spansOddlyTimed } = collector;
  const { evaluationsRefused, transactionsRefused } = collector;
  const overflowed = total(collector.namesOverflowed);
  const counted: readonly (readonly [number, string, string])[] = [
    [spansRefused, "spans were refused", "see partial_success in the exporters' logs"],
    [spansAhead, "spans are ahead of the server's clock", "let the agents' clocks be kept by NTP"],
    [spansOddlyTimed, "spans are from before 2000 or after 2100", "see what sends them"],
    [evaluationsRefused, "evaluations had no number, name or session", "see docs/scores.md for what they need"],
    [
      transactionsRefused,
      "reports of transactions had no owner, tool or state",
      "see docs/draining.md for what they need",
    ],
    [overflowed, "names went into the bucket (other)", "an agent puts ids into names of tools, spans or models"],
    [
      spansKept > 0 && spansUnknown === spansKept ? spansUnknown : 0,
      "spans, all there are, are of no dialect that is understood",
      "see docs/telemetry.md",
    ],
  ];
  const warnings = counted.flatMap(([count, what, hint]) =>
    count === 0 ? [] : [finding(["telemetry", "warn"], `${count} ${what}`, hint)],
  );
  const failures = Object.entries(collector.failures).map(([code, count]) =>
    finding(["telemetry", code.startsWith("store_") ? "fail" : "warn"], `${count} posts were refused: ${code}`, null),
  );
  const exposed = !server.isLoopback && collector.failures["unauthenticated"] === undefined;
  return [
    ...(warnings.length + failures.length === 0
      ? [finding(["telemetry", "ok"], `${spansKept} spans taken, nothing refused`, null)]
      : []),
    ...warnings,
    ...failures,
    ...(exposed
      ? [
          finding(
            ["exposure", "warn"],
            "the server is reached by an address beyond this machine, and most of its API needs no token",
            "keep it behind a proxy that asks who is there",
          ),
        ]
      : []),
  ];
}

function scorersOf({ scorers }: Facts): readonly Finding[] {
  return (scorers?.scorers ?? []).map(({ name, trouble, waiting, scored, unscored }) => {
    if (trouble !== null)
      return finding(["scorers", "warn"], `${name}: ${trouble}`, "its sessions wait or stay without a score");
    const without = total(unscored);
    return finding(
      ["scorers", "ok"],
      `${name}: ${scored} scored, ${waiting} waiting, ${without} without a score`,
      null,
    );
  });
}

function total(counts: Readonly<Record<string, number | undefined>>): number {
  return Object.values(counts).reduce<number>((sum, count) => sum + (count ?? 0), 0);
}
