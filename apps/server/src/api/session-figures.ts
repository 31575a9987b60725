import {
  weightSince,
  type AgentName,
  type Arm,
  type ArmSummary,
  type GatewayRecord,
  type MirrorCaps,
  type PairComparison,
  type PairSource,
  type ReleaseTraffic,
  type Rollout,
  type RolloutId,
  type SessionSource,
} from "@perch/domain";
import type { PairWatch } from "../controller/pair-watch.ts";

/** What the store knows of a rollout's sessions, for people to look at. No decision depends on it. */
export type SessionFigures = {
  readonly arms: Readonly<Record<Arm, ArmSummary>>;
  /** Of the agent, since the present weight is in force; null when another rollout of the agent has followed. */
  readonly traffic: { readonly since: number; readonly releases: readonly ReleaseTraffic[] } | null;
  readonly switched: number;
  readonly exposed: number;
  /** What was mirrored. */
  readonly mirrored: MirrorCaps;
  /** What mirrored sessions say as pairs; null when nothing is mirrored. */
  readonly compared: PairComparison | null;
};

/** Reads figures, and keeps them while nothing has happened that could change them. */
export interface FiguresSource {
  figuresOf(rollout: Rollout): Promise<SessionFigures>;
  noteTurns(turns: readonly GatewayRecord[]): void;
  noteMatured(): void;
}

export type FiguresDeps = {
  readonly sessions: SessionSource;
  readonly pairs: Pick<PairSource, "spent">;
  readonly pairWatch: PairWatch;
  readonly now: () => number;
  /** Figures of a rollout with traffic may be as old as this. */
  readonly maxAgeMs: number;
  readonly idleTimeoutMs: () => number;
  /** Whether it is its agent's last rollout. */
  readonly isLast: (rollout: Rollout) => boolean;
};

type Kept = {
  /** Whose traffic it shows; null when it shows none. */
  readonly agent: AgentName | null;
  readonly figures: Promise<SessionFigures>;
  readonly readAt: number;
  /** The phase they were read in: what counts as exposed depends on it. */
  readonly phaseSince: number;
  isStale: boolean;
  isOpen: boolean;
};

/** A promotion of long ago is not counted through for ever. */
const LONGEST_WINDOW_MS = 86_400_000;

export function createFiguresSource(deps: FiguresDeps): FiguresSource {
  const kept = new Map<RolloutId, Kept>();

  function read(rollout: Rollout): Kept {
    const { phaseSince, plan } = rollout;
    const entry: Kept = {
      agent: deps.isLast(rollout) ? plan.agent : null,
      figures: readFigures(rollout, deps),
      readAt: deps.now(),
      phaseSince,
      isStale: false,
      isOpen: true,
    };
    kept.set(rollout.id, entry);
    entry.figures.then(
      ({ arms, traffic }) => {
        const isLive = traffic?.releases.some(({ liveSessions }) => liveSessions > 0) ?? false;
        entry.isOpen = isLive || [arms.baseline, arms.canary].some((arm) => arm.matured < arm.sessions);
      },
      () => kept.delete(rollout.id),
    );
    return entry;
  }

  function isFresh(held: Kept, { phaseSince }: Rollout): boolean {
    return held.phaseSince === phaseSince && (!held.isStale || deps.now() - held.readAt < deps.maxAgeMs);
  }

  return {
    figuresOf(rollout) {
      const held = kept.get(rollout.id);
      return (held !== undefined && isFresh(held, rollout) ? held : read(rollout)).figures;
    },
    noteTurns(turns) {
      const [agents, rollouts] = [
        new Set(turns.map(({ agent }) => agent)),
        new Set(turns.map(({ rollout }) => rollout)),
      ];
      for (const [id, held] of kept)
        held.isStale ||= rollouts.has(id) || (held.agent !== null && agents.has(held.agent));
    },
    noteMatured() {
      for (const held of kept.values()) held.isStale ||= held.isOpen;
    },
  };
}

async function readFigures(rollout: Rollout, deps: FiguresDeps): Promise<SessionFigures> {
  const { sessions, pairs, pairWatch } = deps;
  const lastAck = rollout.propagation?.gateways.reduce((last, { ackedAt }) => Math.max(last, ackedAt ?? 0), 0) ?? 0;
  const isTakenBack = rollout.decision !== null && lastAck > 0;
  const mirrors = (rollout.plan.mirror ?? null) !== null;
  const [arms, traffic, switched, exposed, mirrored, compared] = await Promise.all([
    sessions.armSummaries(rollout.id),
    readTraffic(rollout, deps),
    sessions.switchedSessions(rollout.id),
    sessions.exposedSessions({ rollout: rollout.id, before: isTakenBack ? lastAck : null }),
    mirrors ? pairs.spent(rollout.id) : { sessions: 0, turns: 0, requestBytes: 0 },
    pairWatch.comparisonOf(rollout),
  ]);
  return { arms, traffic, switched, exposed, mirrored, compared };
}

async function readTraffic(
  rollout: Rollout,
  { sessions, now, idleTimeoutMs, isLast }: FiguresDeps,
): Promise<SessionFigures["traffic"]> {
  if (!isLast(rollout)) return null;
  const { agent } = rollout.plan;
  const since = Math.max(weightSince(rollout), now() - LONGEST_WINDOW_MS);
  return { since, releases: await sessions.releaseTraffic({ agent, since, liveSince: now() - idleTimeoutMs() }) };
}
