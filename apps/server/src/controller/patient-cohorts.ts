import type { CohortSource } from "@perch/domain";

/** A source that answers within the deadline, or throws: one that hangs must not keep the controller from its other work. */
export function patientCohorts(cohorts: CohortSource, deadlineMs: number): CohortSource {
  return {
    members: (query) => within(deadlineMs, cohorts.members(query)),
    assigned: (query) => within(deadlineMs, cohorts.assigned(query)),
    signsOfLife: (query) => within(deadlineMs, cohorts.signsOfLife(query)),
    history: (query) => within(deadlineMs, cohorts.history(query)),
  };
}

async function within<Result>(deadlineMs: number, answer: Promise<Result>): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
