import { logEvidenceOfDiscordance } from "@perch/stats";
import { isFailedTurn, type TurnRecord } from "../routing/turn-record.ts";
import type { ShadowReason, ShadowTurn } from "../routing/shadow-turn.ts";
import type { PairEvidence } from "./pair-source.ts";

/** Of sessions that both arms had, in how many one did worse than the other at the first turn where they differ. */
export type PairCount = {
  readonly onlyShadow: number;
  readonly onlyBaseline: number;
  /** ln E against "as often one as the other". */
  readonly logE: number;
};

/** What mirrored sessions say about the shadow, each being its own control. */
export type PairComparison = {
  /** Sessions with at least one turn that both arms were asked. */
  readonly pairs: number;
  /** One arm failed a turn that the other answered: status 500 or above, or no whole answer. */
  readonly failures: PairCount;
  /** One arm took more than 20 % longer for the first turn. For people: a shadow has a machine and a load of its own. */
  readonly slower: PairCount;
  readonly rejectAtLogE: number;
  /** The shadow fails where the baseline answers, on evidence that chance hardly gives. */
  readonly isRejected: boolean;
};

const SLOWER = 1.2;
/** What the shadow itself is to blame for; anything else says something about the mirror. */
const AT_FAULT: ReadonlySet<ShadowReason> = new Set(["unreachable", "timeout", "reset", "malformed"]);

type AskedTwice = { readonly turn: TurnRecord; readonly mirrored: ShadowTurn };

/**
 * Compares mirrored sessions as pairs. A session is judged by its first turn in which the arms differ: a shadow that fails
 * is asked no more, so that counting later turns would count the baseline's alone. Each pair counts once and never changes,
 * so the evidence may be looked at after every one of them (`alpha`: P(ever rejected) while neither is worse).
 */
export function comparePairs(pairs: readonly PairEvidence[], alpha: number): PairComparison {
  const asked = pairs.map(turnsOfBoth).filter((turns) => turns.length > 0);
  const failures = countOf(asked.map(failedFirst));
  const rejectAtLogE = -Math.log(alpha);
  return {
    pairs: asked.length,
    failures,
    slower: countOf(asked.map(slowerFirst)),
    rejectAtLogE,
    isRejected: failures.logE >= rejectAtLogE,
  };
}

/** The turns that both arms were asked, in their order. */
function turnsOfBoth({ baseline, shadow }: PairEvidence): readonly AskedTwice[] {
  const turns = new Map(baseline.map((turn) => [`${turn.traceId} ${turn.startedAt}`, turn]));
  return shadow
    .filter((mirrored) => mirrored.outcome === "answered" || isAtFault(mirrored))
    .toSorted((a, b) => a.pairedStartedAt - b.pairedStartedAt)
    .flatMap((mirrored) => {
      const turn = turns.get(`${mirrored.pairedTraceId} ${mirrored.pairedStartedAt}`);
      return turn === undefined ? [] : [{ turn, mirrored }];
    });
}

function isAtFault({ outcome, reason }: ShadowTurn): boolean {
  return outcome === "failed" && reason !== null && AT_FAULT.has(reason);
}

type Worse = "shadow" | "baseline" | null;

function failedFirst(turns: readonly AskedTwice[]): Worse {
  for (const { turn, mirrored } of turns) {
    const [baseline, shadow] = [isFailedTurn(turn), mirrored.outcome === "failed" || mirrored.status >= 500];
    if (baseline && shadow) return null;
    if (baseline || shadow) return shadow ? "shadow" : "baseline";
  }
  return null;
}

function slowerFirst([first]: readonly AskedTwice[]): Worse {
  if (first === undefined || first.mirrored.outcome !== "answered" || isFailedTurn(first.turn)) return null;
  const { turn, mirrored } = first;
  if (mirrored.durationMs > SLOWER * turn.durationMs) return "shadow";
  return turn.durationMs > SLOWER * mirrored.durationMs ? "baseline" : null;
}

function countOf(worse: readonly Worse[]): PairCount {
  const onlyShadow = worse.filter((one) => one === "shadow").length;
  const onlyBaseline = worse.filter((one) => one === "baseline").length;
  const logE = logEvidenceOfDiscordance({ onlyCanaryBad: onlyShadow, onlyBaselineBad: onlyBaseline });
  return { onlyShadow, onlyBaseline, logE };
}
