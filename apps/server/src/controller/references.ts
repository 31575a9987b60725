import { badOf, type CohortSource, type GateSpec, type MaturedSession, type Rollout } from "@perch/domain";

const MIN_SESSIONS = 100;
const SESSIONS_READ = 2000;

/**
 * The rate of bad sessions that each gate's margin is measured from: of the baseline release's sessions before the
 * rollout, frozen at its start. Null where fewer than 100 sessions say something about the gate's metric.
 */
export async function readReferences(
  rollout: Rollout,
  cohorts: Pick<CohortSource, "history">,
): Promise<Readonly<Record<string, number | null>>> {
  const sessions = await cohorts.history({
    agent: rollout.plan.agent,
    before: rollout.appliedAt,
    limit: SESSIONS_READ,
  });
  const ofBaseline = sessions.filter((session) => session.release === rollout.baseline.digest);
  return Object.fromEntries(rollout.plan.gates.map((gate) => [gate.name, referenceRate(ofBaseline, gate)]));
}

function referenceRate(sessions: readonly MaturedSession[], gate: GateSpec): number | null {
  const scored = sessions.map((session) => badOf(session, gate.of)).filter((isBad) => isBad !== null);
  return scored.length < MIN_SESSIONS ? null : scored.filter(Boolean).length / scored.length;
}
