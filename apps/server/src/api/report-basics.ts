import type { ReportView } from "@perch/api";
import {
  excessOf,
  exposureOf,
  harmOutlook,
  harmRampOf,
  parseRolloutEvent,
  whoDecided,
  worstFurtherHarm,
  type ExposurePoint,
  type LedgerEntry,
} from "@perch/domain";
import type { HeldRollout } from "../controller/book.ts";

type Basics = Pick<ReportView, "exposure" | "excess" | "outlook" | "decided" | "ledger">;

const MOST_POINTS = 300;
/** H of `statistics.md` 3.10 where the rollout names none: an hour at the default window. */
const HORIZON_WINDOWS = 12;

/** What the ledger alone tells. */
export function reportBasics(held: HeldRollout, entries: readonly LedgerEntry[]): Basics {
  const events = entries.map(parseRolloutEvent);
  const blocks = events.flatMap((event) => (event.type === "blockJudged" ? [event.block] : []));
  const last = entries.at(-1);
  return {
    exposure: thin(exposureOf(events)),
    excess: held.rollout.plan.gates.map(({ name }) => excessOf(blocks, name)),
    outlook: outlookOf(held),
    decided: whoDecided(events, held.rollout).map((say) => ({ ...say })),
    ledger: { entries: entries.length, sequence: last?.sequence ?? 0, hash: last?.hash ?? "" },
  };
}

function outlookOf({ rollout, evidence }: HeldRollout): Basics["outlook"] {
  const { phase, plan } = rollout;
  const horizonWindows = harmRampOf(plan)?.horizonWindows ?? HORIZON_WINDOWS;
  const isExposed = phase.kind === "Shifting" || phase.kind === "Baking" || phase.kind === "Paused";
  if (!isExposed || evidence === null) {
    return { sessionsPerWindow: null, upperExcess: null, nextWeightBp: null, horizonWindows, worstHarm: null };
  }
  const { sessionsPerWindow, upperExcess } = harmOutlook(evidence.board, plan, phase.step);
  const next = rollout.judgement?.affordableStep ?? phase.step + 1;
  const nextWeightBp = plan.steps[Math.min(next, plan.steps.length - 1)]?.weightBp ?? null;
  const worstHarm = worstFurtherHarm({ sessionsPerWindow, upperExcess }, nextWeightBp, horizonWindows);
  return { sessionsPerWindow, upperExcess, nextWeightBp, horizonWindows, worstHarm };
}

/** At most as many points as a chart can show; the first and the last are always among them. */
function thin(points: readonly ExposurePoint[]): ExposurePoint[] {
  if (points.length <= MOST_POINTS) return [...points];
  const stride = (points.length - 1) / (MOST_POINTS - 1);
  return Array.from({ length: MOST_POINTS }, (_, index) => points[Math.round(index * stride)]).filter(
    (point) => point !== undefined,
  );
}
