import type {
  Arm,
  ArmSummary,
  ArmTraffic,
  GatewayRecord,
  MirrorCaps,
  PairSource,
  Rollout,
  RolloutId,
  SessionSource,
} from "@perch/domain";

/** What the store knows of a rollout's sessions, for people to look at. No decision depends on it. */
export type SessionFigures = {
  readonly arms: Readonly<Record<Arm, ArmSummary>>;
  readonly traffic: Readonly<Record<Arm, ArmTraffic>>;
  readonly switched: number;
  readonly exposed: number;
  /** What was mirrored. */
  readonly mirrored: MirrorCaps;
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
  readonly now: () => number;
  /** Figures of a rollout with traffic may be as old as this. */
  readonly maxAgeMs: number;
  readonly idleTimeoutMs: () => number;
};

type Kept = {
  readonly figures: Promise<SessionFigures>;
  readonly readAt: number;
  /** The phase they were read in: what counts as exposed depends on it. */
  readonly phaseSince: number;
  isStale: boolean;
  isOpen: boolean;
};

/** Shares are those of the last minutes: an older mix says little about where sessions go now. */
const TRAFFIC_WINDOW_MS = 300_000;

export function createFiguresSource(deps: FiguresDeps): FiguresSource {
  const kept = new Map<RolloutId, Kept>();

  function read(rollout: Rollout): Kept {
    const { phaseSince } = rollout;
    const entry: Kept = {
      figures: readFigures(rollout, deps),
      readAt: deps.now(),
      phaseSince,
      isStale: false,
      isOpen: true,
    };
    kept.set(rollout.id, entry);
    entry.figures.then(
      ({ arms }) => {
        entry.isOpen = [arms.baseline, arms.canary].some((arm) => arm.matured < arm.sessions);
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
      for (const { rollout } of turns) {
        const held = rollout === null ? undefined : kept.get(rollout);
        if (held !== undefined) held.isStale = true;
      }
    },
    noteMatured() {
      for (const held of kept.values()) held.isStale ||= held.isOpen;
    },
  };
}

async function readFigures(
  rollout: Rollout,
  { sessions, pairs, now, idleTimeoutMs }: FiguresDeps,
): Promise<SessionFigures> {
  const lastAck = rollout.propagation?.gateways.reduce((last, { ackedAt }) => Math.max(last, ackedAt ?? 0), 0) ?? 0;
  const isTakenBack = rollout.decision !== null && lastAck > 0;
  const mirrors = (rollout.plan.mirror ?? null) !== null;
  const [arms, traffic, switched, exposed, mirrored] = await Promise.all([
    sessions.armSummaries(rollout.id),
    sessions.armTraffic({
      rollout: rollout.id,
      since: Math.max(rollout.phaseSince, now() - TRAFFIC_WINDOW_MS),
      liveSince: now() - idleTimeoutMs(),
    }),
    sessions.switchedSessions(rollout.id),
    sessions.exposedSessions({ rollout: rollout.id, before: isTakenBack ? lastAck : null }),
    mirrors ? pairs.spent(rollout.id) : { sessions: 0, turns: 0, requestBytes: 0 },
  ]);
  return { arms, traffic, switched, exposed, mirrored };
}
