import {
  assembleSession,
  formatSessionKey,
  type AssemblyContext,
  type Digest,
  type MaturedSession,
  type PriceList,
  type ReleasePolicy,
  type SessionEvidence,
  type SessionKey,
  type Span,
  type TraceStore,
  type TurnRecord,
} from "@perch/domain";
import { createOpenSessions, type DueSession } from "./open-sessions.ts";

export type AssemblerDeps = {
  readonly store: Pick<TraceStore, "evidenceOf" | "appendSessions" | "openSessions" | "lastSequence">;
  readonly now: () => number;
  /** Of a release the server has never heard of: the empty policy. */
  readonly policyOf: (release: Digest) => ReleasePolicy;
  /** Null while nothing but its policy is known of the release. */
  readonly factsOf: AssemblyContext["factsOf"];
  readonly prices: PriceList;
  /** How long after the last sign of life spans may still arrive. */
  readonly latenessMs: number;
  readonly idleTimeoutMs: number;
  /** Hears of everything that is known of sessions as they mature. */
  readonly onEvidence?: (evidence: readonly SessionEvidence[]) => void;
  /** Whether a session that is over has to wait for its scores; none does unless said. */
  readonly awaitsScores?: (session: SessionKey) => boolean;
};

/** Turns open sessions into matured ones. Call `restore` once before the first `tick`. */
export interface Assembler {
  /** Finds the sessions that were open when the last process died. */
  restore(): Promise<void>;
  /** Call only once the turns are durable. */
  noteTurns(turns: readonly TurnRecord[]): void;
  noteSpans(spans: readonly Span[]): void;
  /**
   * Matures every session that is due and tells how many. Calls never overlap: one that comes while another is under way
   * runs after it. When it throws, no session is lost: they stay due.
   */
  tick(): Promise<number>;
  openCount(): number;
}

// Bounds one read of evidence and one insert; whatever is due beyond it is taken in the next round of the same tick.
const SESSIONS_PER_ROUND = 500;

export function createAssembler(deps: AssemblerDeps): Assembler {
  const { policyOf, factsOf, prices } = deps;
  const open = createOpenSessions(deps);
  let nextSequence: number | null = null;
  let running: Promise<number> | null = null;
  let queued: Promise<number> | null = null;

  function run(): Promise<number> {
    queued = null;
    running = matureAllDue().finally(() => {
      running = null;
    });
    return running;
  }

  async function matureAllDue(): Promise<number> {
    let matured = 0;
    for (;;) {
      const now = deps.now();
      const due = open.due(now, SESSIONS_PER_ROUND);
      if (due.length === 0) return matured;
      matured += await mature(due, now);
      for (const session of due) open.forget(session);
      if (due.length < SESSIONS_PER_ROUND) return matured;
    }
  }

  async function mature(due: readonly DueSession[], maturedAt: number): Promise<number> {
    nextSequence ??= (await deps.store.lastSequence()) + 1;
    const evidence = await evidenceOf(due, deps);
    const sessions = assembleDue(due, evidence, { policyOf, factsOf, prices, sequence: nextSequence, maturedAt });
    // Taken before the write: if that fails half way, a number may have been used, and must never be used again.
    nextSequence += sessions.length;
    if (sessions.length > 0) await deps.store.appendSessions(sessions);
    return sessions.length;
  }

  return {
    async restore() {
      // Not "since yesterday": a session that was forgotten would never be judged.
      for (const session of await deps.store.openSessions(0)) open.restore(session, deps.now());
    },
    noteTurns(turns) {
      for (const turn of turns) open.noteTurn(turn, deps.now());
    },
    noteSpans(spans) {
      for (const span of spans) open.noteSpan(span, deps.now());
    },
    tick() {
      if (running === null) return run();
      queued ??= running.then(run, run);
      return queued;
    },
    openCount: () => open.size,
  };
}

async function evidenceOf(
  due: readonly DueSession[],
  { store, onEvidence }: AssemblerDeps,
): Promise<readonly SessionEvidence[]> {
  const evidence = await store.evidenceOf(due.map(({ agent, session }) => ({ agent, session })));
  onEvidence?.(evidence);
  return evidence;
}

function assembleDue(
  due: readonly DueSession[],
  evidence: readonly SessionEvidence[],
  context: Omit<AssemblyContext, "endedBy">,
): readonly MaturedSession[] {
  const known = new Map(evidence.map((one) => [formatSessionKey(one), one]));
  const sessions: MaturedSession[] = [];
  for (const { agent, session, endedBy } of due) {
    const key = { agent, session };
    const sequence = context.sequence + sessions.length;
    const assembled = assembleSession(known.get(formatSessionKey(key)) ?? emptyEvidence(key), {
      ...context,
      endedBy,
      sequence,
    });
    if (assembled !== null) sessions.push(assembled);
  }
  return sessions;
}

function emptyEvidence(key: SessionKey): SessionEvidence {
  return { ...key, turns: [], moves: [], spans: [], scores: [] };
}
