import type { GatewayProcess } from "@perch/api";
import type { GatewayId, TurnOutbox } from "@perch/domain";
import type { StrategyCounter } from "../classify/strategy-counts.ts";
import type { Mirror } from "../mirror/create-mirror.ts";
import type { SessionMover } from "../moves/session-mover.ts";
import type { Pins } from "../pins/open-pin-store.ts";
import type { PlacementCounts } from "../session/placement-counts.ts";
import type { SyncState } from "../sync/sync-state.ts";
import type { HeldTable } from "../table/held-table.ts";
import type { SpanCounts } from "../tracing/span-queue.ts";
import type { TurnRecorder } from "../turns/turn-recorder.ts";

export type Draining = NonNullable<GatewayProcess["draining"]>;

export type StatusDeps = {
  readonly gateway: GatewayId;
  readonly version: string;
  readonly startedAt: number;
  readonly now: () => number;
  readonly held: HeldTable;
  readonly sync: Pick<SyncState, "report">;
  readonly pins: Pins;
  readonly mover: Pick<SessionMover, "counts">;
  readonly counts: Pick<PlacementCounts, "counts">;
  readonly mirror: Pick<Mirror, "status">;
  readonly strategies: Pick<StrategyCounter, "counts">;
  readonly outbox: Pick<TurnOutbox, "countPending" | "countBuried">;
  readonly recorder: Pick<TurnRecorder, "counts">;
  readonly inFlight: () => number;
  /** Null while it was not told to stop. */
  readonly draining: () => Draining | null;
  /** Null while the gateway makes no spans. */
  readonly spans: (() => SpanCounts) | null;
};

/** This process, for people and programs that look. */
export async function statusOf(deps: StatusDeps): Promise<GatewayProcess> {
  const { held, now } = deps;
  const fencedForMs = held.fencedForMs();
  return {
    gateway: deps.gateway,
    version: deps.version,
    startedAt: deps.startedAt,
    uptimeMs: now() - deps.startedAt,
    revision: held.index()?.table.revision ?? null,
    leaseValid: fencedForMs === null,
    fenced: fencedForMs !== null,
    fencedSince: fencedForMs === null ? null : Math.round(now() - fencedForMs),
    lease: leaseOf(deps),
    sync: syncOf(deps),
    draining: deps.draining(),
    inFlight: deps.inFlight(),
    pins: { live: await livePins(deps), storeFaults: deps.pins.faults(), ...deps.pins.cached.counts() },
    presented: deps.counts.counts(),
    mirror: deps.mirror.status(),
    strategies: deps.strategies.counts(),
    moves: deps.mover.counts(),
    spans: deps.spans?.() ?? null,
    outbox: { pending: deps.outbox.countPending(), buried: deps.outbox.countBuried() },
    turns: [...deps.recorder.counts()].map(([release, count]) => ({ release, ...count })),
  };
}

/** By release of the table. */
async function livePins({ held, pins }: StatusDeps): Promise<GatewayProcess["pins"]["live"]> {
  const releases = [...(held.index()?.agents.values() ?? [])].flatMap(({ route }) =>
    route.releases.map(async ({ release, version }) => ({
      agent: route.agent,
      release,
      version,
      // A store that does not answer is no reason for a page that does not either.
      pins: await pins.store.countLive(route.agent, release).catch(() => null),
    })),
  );
  return await Promise.all(releases);
}

function leaseOf({ held, now }: StatusDeps): GatewayProcess["lease"] {
  const index = held.index();
  if (index === null) return null;
  const sinceMs = held.sinceRenewalMs();
  return { leaseMs: index.table.leaseMs, renewedAt: sinceMs === null ? null : Math.round(now() - sinceMs) };
}

function syncOf({ sync }: StatusDeps): GatewayProcess["sync"] {
  const { isConnected, since, lastError, table } = sync.report();
  return {
    isConnected,
    since,
    lastError,
    receivedAt: table?.receivedAt ?? null,
    appliedMs: table?.appliedMs ?? null,
    acknowledgedMs: table?.acknowledgedMs ?? null,
  };
}
