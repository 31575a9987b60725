import { analysisPolicy, type CohortMember, type CohortSource, type Rollout, type RolloutId } from "@perch/domain";

/** A block that a slow arm keeps open is closed after this long, whatever it holds (`statistics.md` 3). */
export const MAX_BLOCK_MS = 3_600_000;
/** How long a block waits for what is not known of its sessions yet: an hour at the default window of five minutes. */
export const PATIENCE_WINDOWS = 12;
export const SESSIONS_PER_READ = 2000;

export type Place = { readonly rollout: RolloutId; readonly step: number; readonly afterAssignment: number };
export type Read = { readonly members: readonly CohortMember[]; readonly isCutShort: boolean };

/** The next sessions that count: those of both arms that began while the canary was still cold are passed over. */
export async function readJudged(
  rollout: Rollout,
  place: Place,
  cohorts: Pick<CohortSource, "members">,
): Promise<Read> {
  const from = judgedFrom(rollout);
  for (let { afterAssignment } = place; ;) {
    const read = await cohorts.members({ ...place, afterAssignment, limit: SESSIONS_PER_READ });
    const members = read.filter(({ assignedAt }) => assignedAt >= from);
    const isCutShort = read.length === SESSIONS_PER_READ;
    if (members.length > 0 || !isCutShort) return { members, isCutShort };
    afterAssignment = read.at(-1)?.assignment ?? afterAssignment;
  }
}

/** Users first met the canary when the last gateway had its first weight. */
function judgedFrom({ plan, timeline }: Rollout): number {
  const { initialDelayMs } = analysisPolicy(plan);
  if (initialDelayMs === 0) return -Infinity;
  const met = timeline.find((entry) => entry.phase === "Baking");
  return met === undefined ? Infinity : met.at + initialDelayMs;
}
