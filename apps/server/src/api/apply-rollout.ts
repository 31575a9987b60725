import {
  activeRollout,
  isBeforePromotion,
  currentRelease,
  formatReleaseReference,
  isQuarantined,
  parseRolloutId,
  urlsOf,
  type AgentRecord,
  type ReleaseFactsSource,
  type ReleaseIdentity,
  type ReleaseReference,
  type Rollout,
  type RolloutId,
  type RolloutPlan,
} from "@perch/domain";
import type { Book } from "../controller/book.ts";
import { closeEarlierPromotions, stillUnderWay, takeTurn } from "../controller/take-turn.ts";
import { admitRelease, type AdmitDeps } from "./admit-release.ts";
import { ApiError } from "./api-error.ts";
import { refuseClassifierOfCanary } from "./classifier-of-canary.ts";
import { checkToolsOf } from "./check-tools.ts";
import { parseRolloutFile } from "./parse-rollout-file.ts";
import { resolveRelease } from "./resolve-release.ts";

export type ApplyRolloutDeps = AdmitDeps & { readonly isSynthetic: boolean; readonly facts: ReleaseFactsSource };
export type ApplyRequest = {
  readonly text: string;
  readonly actor: string;
  /** Why a quarantined release is tried again; empty: it is not. */
  readonly force: string;
};

/** Takes a rollout file in: everything about it is checked before anything is recorded. */
export async function applyRollout(
  request: ApplyRequest,
  deps: ApplyRolloutDeps,
): Promise<{ readonly rollout: Rollout; readonly warnings: readonly string[] }> {
  const file = parseRolloutFile(request.text);
  const { plan } = file;
  if (deps.isSynthetic && (plan.webhooks ?? []).length > 0) {
    throw new ApiError({
      status: 409,
      code: "not_possible_now",
      message: "found webhooks on a server whose clock is made up, expected none: nobody could answer in its time",
      hint: "leave analysis.webhooks out of a rollout that is replayed",
    });
  }
  agentOf(plan, deps.book);
  const { digest, version } = await admitRelease(resolveRelease(plan.release, deps.book), deps);
  const { digest: current } = refuseUnlessStartable(
    plan,
    { canary: { digest, version }, force: request.force },
    deps.book,
  );
  const releases = [current, digest].map((one) => ({ kind: "digest" as const, agent: plan.agent, digest: one }));
  const about = { record: deps.book.agent(plan.agent), facts: deps.facts };
  const warnings = [...file.warnings, ...(await checkToolsOf(file, releases, about))];
  if (stillUnderWay(plan, deps.book.rollouts(), deps.now()).length === 0)
    await closeEarlierPromotions(plan.agent, deps);
  const rollout = await deps.book.start(() => {
    // Again: another rollout may have begun while the release was verified.
    const baseline = refuseUnlessStartable(plan, { canary: { digest, version }, force: request.force }, deps.book);
    const earlier = stillUnderWay(plan, deps.book.rollouts(), deps.now());
    const superseded = plan.supersede === "replace" ? earlier.filter(isBeforePromotion) : [];
    const id = newRolloutId(plan.name, deps.book);
    return {
      type: "applied",
      at: deps.now(),
      actor: request.actor,
      rollout: id,
      plan,
      baseline,
      canary: { digest, version },
      // The same people are exposed again, and nobody else.
      seed: plan.seed ?? superseded.at(-1)?.seed ?? id,
      forcedBecause: isQuarantined(digest, deps.book.rollouts()) ? request.force : "",
      isSynthetic: deps.isSynthetic,
      isQueued: earlier.length > 0,
      supersedes: superseded.map((rollout) => rollout.id),
    };
  });
  await takeTurn(rollout, deps);
  return { rollout, warnings };
}

function agentOf(plan: RolloutPlan, book: Book): AgentRecord {
  const record = book.agent(plan.agent);
  if (record !== null && record.first !== null) return record;
  const known = book.agents().map(({ agent }) => agent);
  throw new ApiError({
    status: 404,
    code: "unknown_agent",
    message: `found no agent ${JSON.stringify(plan.agent)}, expected ${known.length === 0 ? "a deployed one" : `one of ${known.join(", ")}`}`,
    hint: `deploy its current release first: perch deploy ${plan.agent}@<version>`,
  });
}

/** The baseline is what new sessions meet now: a rollout that names another one was written for another situation. */
function baselineOf(plan: RolloutPlan, record: AgentRecord, book: Book): ReleaseIdentity {
  const current = record.releases.find(({ digest }) => digest === currentRelease(record, book.rollouts()));
  if (current === undefined) throw new Error(`the current release of ${plan.agent} was never admitted`);
  if (plan.baseline.kind === "named" && !names(resolveRelease(plan.baseline.release, book), current)) {
    throw new ApiError({
      status: 409,
      code: "baseline_not_current",
      message: `found baseline ${formatReleaseReference(plan.baseline.release)}, but the current release of ${plan.agent} is ${current.version}`,
      hint: "write `baseline: current`, or start from the release that is current",
    });
  }
  return { digest: current.digest, version: current.version };
}

function names(reference: ReleaseReference, release: ReleaseIdentity): boolean {
  return reference.kind === "version" ? reference.version === release.version : reference.digest === release.digest;
}

/** The baseline that the rollout may start from now. */
function refuseUnlessStartable(
  plan: RolloutPlan,
  { canary, force }: { canary: ReleaseIdentity; force: string },
  book: Book,
): ReleaseIdentity {
  const record = agentOf(plan, book);
  const active = activeRollout(record, book.rollouts());
  if (active !== null && (plan.supersede ?? "reject") === "reject") {
    throw new ApiError({
      status: 409,
      code: "rollout_active",
      message: `the rollout ${active.id} of ${plan.agent} is under way (${active.phase.kind}), expected none`,
      hint: "wait until it has ended, or end it: perch rollout abort, rollback or promote; or write `supersede: replace` or `queue`",
    });
  }
  refuseClassifierOfCanary({ plan, canary }, urlsOf(canary.digest, record));
  const baseline = baselineOf(plan, record, book);
  if (canary.digest === baseline.digest) {
    throw new ApiError({
      status: 409,
      code: "not_possible_now",
      message: `${plan.agent}@${canary.version} is the current release already, expected another one`,
      hint: "name the release that is to replace it",
    });
  }
  if (isQuarantined(canary.digest, book.rollouts()) && force === "") {
    throw new ApiError({
      status: 409,
      code: "release_quarantined",
      message: `${plan.agent}@${canary.version} is quarantined: a guardrail rolled it back`,
      hint: "build a new release; or, knowing better, start it again with ?force=<reason>",
    });
  }
  return baseline;
}

function newRolloutId(name: string, book: Book): RolloutId {
  for (let count = 1; ; count += 1) {
    const id = count === 1 ? name : `${name}.${count}`;
    if (book.held(id) === null) return parseRolloutId(id);
  }
}
