import { referenceOf, type CohortSource, type GateReference, type Rollout } from "@perch/domain";

const SESSIONS_READ = 2000;

/**
 * What each gate takes from the past: of the baseline release's sessions before the rollout, frozen at its start. Null where
 * they are too few.
 */
export async function readReferences(
  rollout: Rollout,
  { cohorts, idleTimeoutMs }: { readonly cohorts: Pick<CohortSource, "history">; readonly idleTimeoutMs: () => number },
): Promise<Readonly<Record<string, GateReference>>> {
  const sessions = await cohorts.history({
    agent: rollout.plan.agent,
    before: rollout.appliedAt,
    limit: SESSIONS_READ,
  });
  const ofBaseline = sessions.filter((session) => session.release === rollout.baseline.digest);
  return Object.fromEntries(
    rollout.plan.gates.map((gate) => [gate.name, referenceOf(gate, ofBaseline, idleTimeoutMs())]),
  );
}
