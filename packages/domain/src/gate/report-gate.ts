import { confidenceSequence, differenceAt, probabilityWorse } from "@perch/stats";
import { describeStructure } from "../structure/describe-structure.ts";
import { designOf, logHarmOfCounts } from "./count-evidence.ts";
import { countsIn } from "./counts-in.ts";
import { fastPathAtLogE, rejectAtLogE, type GateEvidence } from "./gate-evidence.ts";
import type { GateSpec } from "./gate-spec.ts";
import { gateStanding, type StepOutlook } from "./gate-verdict.ts";
import type { LandmarkEvidence } from "./landmark-evidence.ts";
import { totalsOf, type Learnt } from "./learnt.ts";
import type { PromiseEvidence } from "./promise-evidence.ts";
import { readValues } from "./read-values.ts";
import { sessionsStillNeeded } from "./sessions-still-needed.ts";
import type { GateReport, LandmarkReport, PromiseReading, RatesReading, SegmentReading } from "./verdict.ts";

/** α of the interval that people see; it decides nothing. */
const DISPLAY_ALPHA = 0.05;

/** One gate's verdict about a step, with its evidence. Every number in it is finite. */
export function reportGate(evidence: GateEvidence, outlook: StepOutlook): GateReport {
  const { gate, learnt, logE } = evidence;
  const { verdict, windows, nonInferiority } = gateStanding(evidence, outlook);
  const isOpen = verdict.kind === "inconclusive";
  return {
    gate,
    verdict,
    totals: totalsOf(learnt),
    logE,
    rejectAtLogE: rejectAtLogE(gate),
    fastPathAtLogE: fastPathAtLogE(gate),
    brokenWindows: windows.broken,
    cleanWindows: windows.clean,
    design: designIn(learnt),
    rates: ratesOf(learnt),
    values: readValues(learnt, DISPLAY_ALPHA),
    findings: learnt.kind === "structure" ? describeStructure(learnt.features ?? []) : [],
    segments: learnt.kind === "segments" ? segmentsOf(learnt.segments) : [],
    landmark: learnt.kind === "landmark" ? landmarkOf(learnt, gate) : null,
    nonInferiority,
    promise: evidence.promise === null ? null : readingOf(evidence.promise),
    moreCanarySessions: isOpen ? sessionsStillNeeded(evidence, { ...outlook, windows, nonInferiority }) : null,
  };
}

function readingOf({ terms, sessions, against }: PromiseEvidence): PromiseReading {
  const found = sessions === 0 ? 0 : against / sessions;
  if (terms.kind === "rate") return { kind: "rate", sessions, found, bound: terms.bound };
  const { kind, best, sign, bound } = terms;
  return { kind, sessions, found: best + sign * found, bound: best + sign * bound };
}

function landmarkOf({ ageMs, atAge, readAt }: LandmarkEvidence, gate: GateSpec): LandmarkReport {
  const rejectAt = readAt === "age" ? rejectAtLogE(gate) + Math.LN2 : null;
  return { ageMs, totals: atAge.totals, logE: logHarmOfCounts(atAge), rejectAtLogE: rejectAt };
}

function designIn(learnt: Learnt): GateReport["design"] {
  const counts = countsIn(learnt);
  if (counts === null || counts.rule.mde === undefined) return null;
  const logOddsRatio = designOf(counts);
  return { mde: counts.rule.mde, oddsRatio: logOddsRatio === null ? null : Math.exp(logOddsRatio) };
}

function ratesOf(learnt: Learnt): RatesReading | null {
  const counts = countsIn(learnt);
  if (counts === null) return null;
  const { grid, logLikelihood, totals } = counts;
  const interval = confidenceSequence(grid, logLikelihood, DISPLAY_ALPHA);
  return {
    oddsRatio: { low: Math.exp(interval.low), high: Math.exp(interval.high) },
    difference: { low: differenceAt(interval.low, totals), high: differenceAt(interval.high, totals) },
    probabilityWorse: probabilityWorse(grid, logLikelihood),
  };
}

type Segments = Extract<Learnt, { kind: "segments" }>["segments"];

function segmentsOf(segments: Segments): readonly SegmentReading[] {
  return Object.entries(segments)
    .map(([segment, { totals, rollback }]) => ({ segment, totals, logE: rollback.logE }))
    .toSorted((a, b) => b.logE - a.logE);
}
