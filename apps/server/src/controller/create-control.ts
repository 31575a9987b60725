import type { CohortSource, PairSource, TargetProbe } from "@perch/domain";
import { createPairWatch, type PairWatch } from "./pair-watch.ts";
import { patientCohorts } from "./patient-cohorts.ts";
import { createController, type Controller, type ReconcileDeps } from "./reconcile.ts";
import { createTurnCounts, type TurnCounts } from "./turn-counts.ts";
import { createWatches, type Watches } from "./watches.ts";

export type ControlDeps = Omit<ReconcileDeps, "watches" | "cohorts" | "pairs" | "pairWatch"> & {
  readonly traces: { readonly cohorts: CohortSource; readonly pairs: PairSource };
  readonly probe: TargetProbe;
  readonly readDeadlineMs?: number;
};

export type Control = {
  readonly controller: Controller;
  readonly watches: Watches;
  readonly turnCounts: TurnCounts;
  readonly pairWatch: PairWatch;
};

const READ_DEADLINE_MS = 20_000;

/** The controller with everything that it looks at. */
export function createControl({ traces, probe, readDeadlineMs, ...deps }: ControlDeps): Control {
  const { book, now } = deps;
  const cohorts = patientCohorts(traces.cohorts, readDeadlineMs ?? READ_DEADLINE_MS);
  const turnCounts = createTurnCounts(now);
  const watches = createWatches({ book, probe, turnCounts, cohorts, now });
  const pairWatch = createPairWatch({ pairs: traces.pairs, now });
  const controller = createController({ ...deps, cohorts, pairs: traces.pairs, pairWatch, watches });
  return { controller, watches, turnCounts, pairWatch };
}
