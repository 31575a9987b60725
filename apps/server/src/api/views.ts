import type { Overview, RolloutView } from "@perch/api";
import {
  waitsForGateways,
  type AgentRecord,
  type MaturedSession,
  type Rollout,
  type SessionSource,
} from "@perch/domain";
import type { Book } from "../controller/book.ts";
import { laggardsOf, recordOf } from "../controller/follow-sync.ts";
import type { Publisher } from "../controller/publisher.ts";
import { readinessOf } from "../controller/readiness.ts";
import { waitedFor } from "../controller/take-turn.ts";
import type { GatewayHub } from "../gateways/hub.ts";
import type { HookWorker } from "../hooks/hook-worker.ts";
import type { PinCounts } from "../gateways/pin-counts.ts";
import { killOf } from "./agent-view.ts";
import { livePinsOf } from "./drift-view.ts";
import { toRolloutView, type LiveFacts } from "./rollout-view.ts";
import type { FiguresSource } from "./session-figures.ts";

export type ViewsDeps = {
  readonly book: Book;
  readonly hub: Pick<GatewayHub, "spreadOf" | "views">;
  readonly publisher: Pick<Publisher, "revisionOf">;
  readonly pinCounts: Pick<PinCounts, "live">;
  readonly figures: FiguresSource;
  readonly sessions: Pick<SessionSource, "recent">;
  readonly hooks: Pick<HookWorker, "waitsOf">;
  readonly now: () => number;
  readonly notice: string;
};

/** What pages and programs read. */
export interface Views {
  /** Null for an unknown id. */
  rollout(id: string): Promise<RolloutView | null>;
  /** Newest first. */
  rollouts(limit: number): Promise<readonly RolloutView[]>;
  overview(): Promise<Overview>;
}

const ROLLOUTS_SHOWN = 20;
const SESSIONS_SHOWN = 30;

export function createViews(deps: ViewsDeps): Views {
  const { book } = deps;

  async function rollout(id: string): Promise<RolloutView | null> {
    const known = book.held(id);
    if (known === null) return null;
    const figures = await deps.figures.figuresOf(known.rollout);
    // Read again: it may have gone on in the meantime, and its state and evidence have to fit together.
    const held = book.held(id) ?? known;
    return toRolloutView(held, figures, liveFacts(held.rollout, deps));
  }

  async function rollouts(limit: number): Promise<readonly RolloutView[]> {
    const newest = book.rollouts().toReversed().slice(0, limit);
    const views = await Promise.all(newest.map(({ id }) => rollout(id)));
    return views.filter((view) => view !== null);
  }

  return {
    rollout,
    rollouts,
    async overview() {
      const [views, recent] = await Promise.all([rollouts(ROLLOUTS_SHOWN), deps.sessions.recent(SESSIONS_SHOWN)]);
      return {
        at: deps.now(),
        rollouts: [...views],
        gateways: [...deps.hub.views()],
        recentSessions: recent.map(toRecentSession),
        notice: deps.notice,
        killed: book.agents().flatMap(killedOf),
      };
    },
  };
}

function killedOf(record: AgentRecord): Overview["killed"] {
  const killed = killOf(record);
  return killed === null ? [] : [{ agent: record.agent, ...killed }];
}

function liveFacts(rollout: Rollout, deps: ViewsDeps): LiveFacts {
  const record = deps.book.agent(rollout.plan.agent);
  const releases = record?.releases.map(({ digest }) => digest) ?? [];
  const { propagation, waitingFor } = waitOf(rollout, deps);
  return {
    propagation,
    waitingFor: [...waitingFor, ...deps.hooks.waitsOf(rollout.id)],
    livePins: livePinsOf(rollout, releases, deps.pinCounts),
    now: deps.now(),
  };
}

function waitOf(rollout: Rollout, { book, hub, publisher, now }: ViewsDeps): Omit<LiveFacts, "livePins" | "now"> {
  if (rollout.phase.kind === "Pending") {
    const before = rollout.phase.isQueued ? waitedFor(rollout, book, now()) : [];
    return { propagation: null, waitingFor: before.map(({ id, phase }) => `rollout ${id} to be over (${phase.kind})`) };
  }
  if (rollout.phase.kind === "Preparing") {
    const readiness = readinessOf(rollout, book.agent(rollout.plan.agent), { hub, now: now() });
    return { propagation: null, waitingFor: readiness.kind === "ready" ? [] : [readiness.reason] };
  }
  if (!waitsForGateways(rollout.phase)) return { propagation: null, waitingFor: [] };
  const spread = hub.spreadOf(publisher.revisionOf(rollout));
  const laggards = laggardsOf(spread);
  const waits =
    spread.gateways.length === 0
      ? ["a gateway: none is connected"]
      : laggards.map((id) => `gateway ${id} to acknowledge`);
  return { propagation: recordOf(spread), waitingFor: waits };
}

function toRecentSession(session: MaturedSession): Overview["recentSessions"][number] {
  const { agent, arm, release, maturedAt, turns, toolSequence, isEscalated, meanSentiment } = session;
  return {
    session: session.session,
    agent,
    arm,
    release,
    maturedAt,
    turns,
    toolSequence: [...toolSequence],
    isEscalated,
    meanSentiment,
  };
}
