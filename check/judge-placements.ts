import type { AgentRoute } from "@perch/domain";
import { compareKeys, type Claim, type Violation } from "./history.ts";
import type { FreshClaim, IndexedHistory } from "./index-history.ts";
import { publishedArm, publishedBucket } from "./published-function.ts";

/** Between the server's clock at sending and the relay's at arrival. */
const CLOCKS_READ_MS = 25;

/** Every session that was placed: where the published function puts it, by the table in force, under a valid lease. */
export function judgePlacements(history: IndexedHistory): readonly Violation[] {
  return history.claims.filter(({ isOwn }) => isOwn).flatMap((fresh) => judgePlacement(fresh, history));
}

/** Placed while the gateway's lease had run out: whatever the weight, where nothing can have been taken back. */
export function isFenced({ claim }: FreshClaim, history: IndexedHistory): boolean {
  const route = history.tableOf(claim.revision)?.route;
  const wentBack = route !== undefined && route.withoutLease !== route.current && claim.release === route.withoutLease;
  return claim.rollout === null && (claim.bucket !== null || wentBack);
}

function judgePlacement(fresh: FreshClaim, history: IndexedHistory): Violation[] {
  const { conversation, claim } = fresh;
  const problem = (kind: Violation["kind"], message: string): Violation[] => [
    { kind, conversation: conversation.name, message: `${describe(fresh)}: ${message}` },
  ];
  const misplaced = whyMisplaced(fresh, history);
  if (misplaced !== null) return problem("misplaced", misplaced);
  const acked = history.ackedBy(claim.gateway, fresh.attempt.sentAt);
  if (acked !== null && compareKeys(claim.revision, acked) < 0)
    return problem("stale", `the gateway had acknowledged ${acked} before`);
  if (isFenced(fresh, history)) {
    const reason = whyNotFenced(fresh, history);
    return reason === null ? [] : problem("fencedWithoutCause", reason);
  }
  const lateBy = isLent(fresh, history) ? pastLease(fresh, history) : 0;
  return lateBy > 0 ? problem("leaseIgnored", `its lease had run out ${Math.round(lateBy)} ms before`) : [];
}

/** At a release that new sessions meet only under a lease: a canary, or one that was promoted a short while ago. */
function isLent({ claim }: FreshClaim, history: IndexedHistory): boolean {
  const route = history.tableOf(claim.revision)?.route;
  const isOnProbation = route !== undefined && route.withoutLease !== route.current;
  return claim.arm === "canary" || (isOnProbation && claim.release === route.current);
}

/** Under the name that the gateway gives the session; or under the client's, when what that stands for was not known. */
function whyMisplaced(fresh: FreshClaim, history: IndexedHistory): string | null {
  const { claim, session, attempt } = fresh;
  const held = history.tableOf(claim.revision);
  if (held === null) return `no table ${claim.revision} was ever sent`;
  const names = attempt.named === null || attempt.named === session ? [session] : [session, attempt.named];
  const problems = names.map((name) => difference(claim, expectedBy(held.route, name, isFenced(fresh, history))));
  return problems.includes(null) ? null : `${problems[0]}, by table ${claim.revision}`;
}

type Expected = Omit<Claim, "revision" | "gateway" | "assignedAt">;

function difference(claim: Claim, expected: Expected): string | null {
  for (const name of ["release", "arm", "rollout", "step", "weightBp", "bucket"] as const) {
    if (claim[name] !== expected[name]) return `found ${name} ${claim[name]}, expected ${expected[name]}`;
  }
  return null;
}

function expectedBy({ current, withoutLease, canary }: AgentRoute, session: string, isFenced: boolean): Expected {
  const toBaseline = isFenced ? withoutLease : current;
  const baseline = { release: toBaseline, arm: "baseline", rollout: null, step: null, weightBp: null, bucket: null };
  if (canary === null) return baseline;
  const { rollout, step, weightBp, seed, release } = canary;
  const bucket = publishedBucket(seed, session);
  if (isFenced) return { ...baseline, bucket };
  const arm = publishedArm(bucket, weightBp);
  return { release: arm === "canary" ? release : current, arm, rollout, step, weightBp, bucket };
}

/** Null when it may well have had no lease. */
function whyNotFenced({ claim, attempt }: FreshClaim, history: IndexedHistory): string | null {
  const leaseMs = history.tableOf(claim.revision)?.table.leaseMs ?? 0;
  const during = { from: attempt.sentAt, to: attempt.endedAt };
  const isCut = (["gatewayDown", "partition", "serverDown"] as const).some((kind) =>
    history.wasWrong(kind, claim.gateway, { ...during, from: during.from - leaseMs }),
  );
  if (isCut) return null;
  const silenceMs = history.longestSilence(claim.gateway, during);
  // A process that is held up answers nobody, and reads no lease that has come meanwhile.
  const heldUpMs = history.longestAnswer(claim.gateway, during);
  // A lease comes three times in its time: half of it without one is a wire, or a process, that is late.
  if (silenceMs + heldUpMs > leaseMs / 2) return null;
  return `its lease was renewed at least every ${Math.round(silenceMs)} ms, and it answered within ${Math.round(heldUpMs)} ms`;
}

/** For how long the lease had run out, at least, when the request was sent; counted from when the server gave it. */
function pastLease({ claim, attempt }: FreshClaim, history: IndexedHistory): number {
  const leaseMs = history.tableOf(claim.revision)?.table.leaseMs ?? 0;
  const last = history.lastRenewal(claim.gateway, attempt.endedAt);
  if (last === null) return Number.POSITIVE_INFINITY;
  return attempt.sentAt - (last.sentAt + leaseMs * (1 + 2 * history.drift) + CLOCKS_READ_MS);
}

function describe({ claim, session }: FreshClaim): string {
  const weight = claim.weightBp === null ? "" : ` at ${claim.weightBp / 100} %`;
  return `${claim.gateway} placed ${session} in ${claim.arm}${weight} by table ${claim.revision}`;
}
