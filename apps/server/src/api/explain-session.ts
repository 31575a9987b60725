import type { PlacementView, Why } from "@perch/api";
import {
  BUCKETS,
  bucketOf,
  explainPin,
  stepAfter,
  type AgentRecord,
  type Pin,
  type RecordedSession,
  type Rollout,
} from "@perch/domain";

/** What the server knows besides the placement itself. */
export type Background = {
  readonly record: AgentRecord | null;
  /** The rollout by its id. */
  readonly rollout: (id: string) => Rollout | null;
  /** Releases that moves on record took the session away from or led it to. */
  readonly moved: ReadonlySet<string>;
};

/** A live session, by its pin. */
export function explainByPin(why: Why, recorded: RecordedSession | null, background: Background): PlacementView {
  const { version, ...pin } = why;
  return {
    ...pin,
    source: "pin",
    release: { digest: why.release, version: version ?? versionOf(why.release, background) },
    ...recordsOf(recorded, why.release, background),
  };
}

/** A session whose pin is gone: where it was, by its first record and by what the ledger says of its rollout. */
export function explainByRecords(recorded: RecordedSession, background: Background): PlacementView {
  const { agent, session, first } = recorded;
  const { at, ...placed } = first;
  const drawn = drawOf(recorded, background);
  return {
    agent,
    session,
    alias: null,
    source: "records",
    ...placed,
    release: { digest: first.release, version: versionOf(first.release, background) },
    weightBp: drawn?.weightBp ?? null,
    bucket: drawn?.bucket ?? null,
    seed: drawn?.seed ?? null,
    revision: null,
    assignedAt: at,
    override: null,
    rule: drawn === null ? NOT_DRAWN : explainPin(drawn),
    expiresAt: null,
    idleTimeoutMs: null,
    ...recordsOf(recorded, first.release, background),
  };
}

const NOT_DRAWN =
  "no draw of a rollout is recorded: it went to the release that was current then, or an override token chose its release";

/** The draw again: seed and weight are in the ledger, and the bucket follows from the session's id. */
function drawOf({ agent, session, first }: RecordedSession, background: Background): Pin | null {
  const rollout = first.rollout === null ? null : background.rollout(first.rollout);
  const weightBp = rollout === null || first.step === null ? undefined : weightIn(rollout.plan, first.step);
  if (rollout === null || weightBp === undefined) return null;
  // Users are drawn by their own ids, which nobody keeps.
  if (rollout.plan.strategy?.kind === "user") return null;
  return {
    agent,
    session,
    release: first.release,
    arm: first.arm,
    rollout: first.rollout,
    step: first.step,
    weightBp,
    bucket: bucketOf(rollout.seed, session),
    seed: rollout.seed,
    revision: { epoch: 0, sequence: 0 },
    gateway: first.gateway,
    assignedAt: first.at,
    override: null,
    targeting: null,
    moved: null,
    shadow: null,
  };
}

/** Behind the last step everybody meets the release. */
function weightIn(plan: Rollout["plan"], step: number): number | undefined {
  return step === stepAfter(plan) ? BUCKETS : plan.steps[step]?.weightBp;
}

function recordsOf(
  recorded: RecordedSession | null,
  release: string,
  background: Background,
): Pick<PlacementView, "records" | "disagreements"> {
  if (recorded === null) return { records: null, disagreements: [] };
  const { byRelease, isEnded, matured } = recorded;
  return {
    records: {
      turns: byRelease.reduce((sum, { turns }) => sum + turns, 0),
      firstAt: Math.min(...byRelease.map(({ firstAt }) => firstAt)),
      lastAt: Math.max(...byRelease.map(({ lastAt }) => lastAt)),
      isEnded,
      maturedAt: matured?.at ?? null,
      endedBy: matured?.endedBy ?? null,
    },
    disagreements: byRelease
      .filter((one) => one.release !== release && !background.moved.has(one.release))
      .map((one) => ({ ...one, release: { digest: one.release, version: versionOf(one.release, background) } })),
  };
}

function versionOf(release: string, { record }: Background): string {
  return record?.releases.find(({ digest }) => digest === release)?.version ?? "";
}
