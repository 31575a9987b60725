import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { MoveReport } from "@perch/api";
import type { AgentRoute, PinStore, RouteMove } from "@perch/domain";
import type { ServerLink } from "../sync/server-link.ts";
import type { HeldTable } from "../table/held-table.ts";
import type { SessionMover } from "./session-mover.ts";
import type { TurnUnderWay } from "./under-way.ts";

export type MoveReporterDeps = {
  readonly held: Pick<HeldTable, "index">;
  readonly mover: Pick<SessionMover, "markAll">;
  readonly underWay: Iterable<TurnUnderWay>;
  readonly store: Pick<PinStore, "countLive" | "find">;
  /** The same for all gateways of one pin store. */
  readonly storeName: string;
  readonly link: Pick<ServerLink, "reportMoves">;
  /** Resolves when everything has happened that is about to: requests that were placed by the table before are under way. */
  readonly afterThisTick: () => Promise<void>;
  readonly now: () => number;
  readonly log: Log;
};

/** Tells the server how far the moves of its table have come here. */
export type MoveReporter = {
  /** A table came into force. */
  noteTable(): void;
  /** To be called every second: reports every few, as long as there are moves. */
  look(): void;
  stop(): Promise<void>;
};

const REPORT_EVERY_MS = 5000;
const AGAIN_AFTER_MS = 1000;

export function createMoveReporter(deps: MoveReporterDeps): MoveReporter {
  const stopping = new AbortController();
  let [dueAt, isAsked]: [number, boolean] = [0, false];
  let running: Promise<void> | null = null;

  async function report(): Promise<void> {
    do {
      isAsked = false;
      dueAt = deps.now() + REPORT_EVERY_MS;
      const wasHeard = await reportOnce(deps, stopping.signal);
      if (!wasHeard) dueAt = deps.now() + AGAIN_AFTER_MS;
    } while (isAsked && !stopping.signal.aborted);
  }

  function start(): void {
    isAsked = true;
    if (stopping.signal.aborted) return;
    running ??= report()
      .catch((error: unknown) => deps.log.warn("moves cannot be reported now", { reason: reasonOf(error) }))
      .finally(() => {
        running = null;
      });
  }

  return {
    noteTable() {
      if (movesOf(deps).length > 0) start();
    },
    look() {
      if (running === null && deps.now() >= dueAt && movesOf(deps).length > 0) start();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

type Listed = { readonly route: AgentRoute; readonly move: RouteMove };

function movesOf({ held }: MoveReporterDeps): readonly Listed[] {
  const routes = [...(held.index()?.agents.values() ?? [])].map(({ route }) => route);
  return routes.flatMap((route) => route.moves.map((move) => ({ route, move })));
}

/** Whether the server has heard it. */
async function reportOnce(deps: MoveReporterDeps, signal: AbortSignal): Promise<boolean> {
  const listed = movesOf(deps);
  await deps.afterThisTick();
  const isReady = await deps.mover.markAll(deps.underWay);
  const moves = await Promise.all(
    listed.map(async ({ route, move }) => ({
      agent: route.agent,
      move: move.id,
      phase: move.phase,
      isReady,
      pinned: await pinned(route, move, deps).catch(() => null),
    })),
  );
  const outcome = await deps.link.reportMoves({ store: deps.storeName, moves } satisfies MoveReport, signal);
  if (outcome.kind === "rejected") deps.log.error("the server refuses a report of moves", { reason: outcome.reason });
  return outcome.kind === "accepted";
}

async function pinned(
  { agent }: AgentRoute,
  { from, session }: RouteMove,
  { store }: MoveReporterDeps,
): Promise<number> {
  if (session === null) return await store.countLive(agent, from);
  return (await store.find(agent, session))?.release === from ? 1 : 0;
}
