import type { Digest } from "../release/digest.ts";
import type { Revision } from "../routing/routing-table.ts";
import { deadlineOf, deletedAt, isOverdue, scalesDownAt } from "./advance-retirement.ts";
import { isUnderWay } from "./agent-move.ts";
import type { AgentRecord } from "./agent-record.ts";
import { activeRollout, currentRelease, isQuarantined } from "./derive-routes.ts";
import { isOnStep } from "./phase-groups.ts";
import { rollbackPolicy } from "./policies.ts";
import { hooksAwaited, type Retirement, type RetirementEvent } from "./retirement.ts";
import type { Rollout } from "./rollout.ts";
import { isStepFreeReturn } from "./step-free-return.ts";
import { isFinal, isPromoted, wasExposed } from "./weight.ts";

/**
 * What is known of a release in use. `livePins`: 0 only when no session can be pinned to it and none can be assigned
 * (`PinCounts.liveForDrain`); null while a gateway cannot tell. `openTransactions`: of its tools, 0 only when none is open that
 * anybody has told of; null while they cannot be counted.
 */
export type DrainFacts = {
  readonly livePins: number | null;
  readonly openTransactions: number | null;
  readonly revision: Revision;
};

export type RetirementContext = {
  readonly record: AgentRecord;
  /** Oldest first. */
  readonly rollouts: readonly Rollout[];
  readonly facts: DrainFacts;
  readonly now: number;
};

/** What happens next on a release's way out, and (in a person's words) what it waits for before that. */
export type NextRetirement = { readonly event: RetirementEvent | null; readonly waitsFor: readonly string[] };

const NOTHING: NextRetirement = { event: null, waitsFor: [] };

/**
 * Rows 22 to 25 of the state table, and I8: never a step further while the release is in use, while anybody may be pinned to
 * it or one of its transactions may be open, or while that is not known.
 */
export function nextRetirement(release: Digest, context: RetirementContext): NextRetirement {
  const { record, now } = context;
  const retirement = record.retirements.find((one) => one.release === release);
  const reason = whyServing(release, context);
  if (retirement === undefined) return reason === null ? beginning(release, context) : NOTHING;
  if (reason !== null) return { event: { type: "drainCancelled", at: now, release, reason }, waitsFor: [] };
  switch (retirement.stage.kind) {
    case "draining":
      return afterDraining(retirement, context);
    case "drained":
      return afterDrained(retirement, context);
    case "scaledDown":
      return afterScaleDown(retirement, context);
    case "decommissioned":
      return NOTHING;
  }
}

/** Why it gets new sessions; null when it gets none. */
function whyServing(release: Digest, { record, rollouts }: RetirementContext): string | null {
  if (currentRelease(record, rollouts) === release) return "it is the current release";
  const active = activeRollout(record, rollouts);
  return active?.canary.digest === release && isOnStep(active.phase) ? `the rollout ${active.id} ramps it` : null;
}

/** The file of the last rollout that left the release behind says how it goes. */
function beginning(release: Digest, context: RetirementContext): NextRetirement {
  const { record, rollouts, now } = context;
  const own = rollouts.filter(({ plan }) => plan.agent === record.agent);
  const involved = own.filter(({ canary, baseline }) => canary.digest === release || baseline.digest === release);
  const last = involved.findLast(wasExposed);
  if (last === undefined || involved.some((rollout) => !isFinal(rollout))) return NOTHING;
  const { drain = null, sunset = null } = last.plan;
  if (drain === null && sunset === null) return NOTHING;
  return { event: { type: "drainStarted", at: now, release, rollout: last.id, drain, sunset }, waitsFor: [] };
}

function afterDraining(retirement: Retirement, { facts, now }: RetirementContext): NextRetirement {
  const { release } = retirement;
  const { livePins, openTransactions, revision } = facts;
  const uses = usesText(facts);
  if (uses.length === 0) return { event: { type: "releaseDrained", at: now, release, revision }, waitsFor: [] };
  const late = { type: "drainOverdue" as const, at: now, release, livePins, openTransactions };
  return { event: isOverdue(retirement, now) ? late : null, waitsFor: [...uses, ...deadlineText(retirement)] };
}

function afterDrained(retirement: Retirement, context: RetirementContext): NextRetirement {
  const { livePins, openTransactions, revision } = context.facts;
  const { release } = retirement;
  const { now } = context;
  if ((livePins ?? 0) + (openTransactions ?? 0) > 0) {
    return { event: { type: "drainResumed", at: now, release, livePins, openTransactions }, waitsFor: [] };
  }
  const due = scalesDownAt(retirement);
  if (due === null) return { event: null, waitsFor: ["nothing: its rollout's file has no sunset"] };
  const waitsFor = [
    ...untilText("scaledownDelay", due, now),
    ...usesOf(release, context),
    ...keptText(retirement, context),
    ...usesText(context.facts),
  ];
  return { event: waitsFor.length > 0 ? null : { type: "releaseScaledDown", at: now, release, revision }, waitsFor };
}

function afterScaleDown(retirement: Retirement, context: RetirementContext): NextRetirement {
  const { facts, now } = context;
  const { release } = retirement;
  const waitsFor = [
    ...untilText("deleteDelay", deletedAt(retirement) ?? Infinity, now),
    ...hooksAwaited(retirement).map(({ url }) => `the hook of ${url} to agree that it is scaled down`),
    ...usesOf(release, context),
    ...usesText(facts),
  ];
  const event = { type: "releaseDecommissioned" as const, at: now, release, revision: facts.revision };
  return { event: waitsFor.length > 0 ? null : event, waitsFor };
}

/** For what it may be needed again at any moment. */
function usesOf(release: Digest, { record, rollouts, now }: RetirementContext): readonly string[] {
  const own = rollouts.filter(({ plan }) => plan.agent === record.agent);
  const { kill } = record;
  return [
    ...own
      .filter((rollout) => !isFinal(rollout))
      .filter(({ canary, baseline }) => canary.digest === release || baseline.digest === release)
      .map(({ id }) => `the rollout ${id}, which names it, to be over`),
    ...own.filter((rollout) => rollout.baseline.digest === release).flatMap((rollout) => wayBackText(rollout, now)),
    ...returnText(release, { record, rollouts, now }),
    ...record.moves
      .filter((move) => isUnderWay(move) && move.to === release)
      .map(({ id }) => `the move ${id}, which leads to it, to be over`),
    ...(kill === null ? [] : ["the agent to be switched on again"]),
  ];
}

function wayBackText(rollout: Rollout, now: number): readonly string[] {
  const { phase, id } = rollout;
  if (phase.kind !== "Succeeded" || !isPromoted(rollout) || now >= phase.rollbackUntil) return [];
  return [`the rollback window of ${id}, until ${formatTime(phase.rollbackUntil)}`];
}

/** `window.revisions`: it comes back without steps, so it has to run. The file that left it behind says for how long. */
function returnText(
  release: Digest,
  { record, rollouts, now }: Pick<RetirementContext, "record" | "rollouts" | "now">,
): readonly string[] {
  const { rollout } = record.retirements.find((one) => one.release === release) ?? {};
  const last = rollouts.find(({ id }) => id === rollout);
  if (last === undefined) return [];
  const again = { plan: last.plan, canary: { digest: release, version: "" } };
  if (!isStepFreeReturn(again, { record, rollouts, now })) return [];
  const { stepFreeRevisions } = rollbackPolicy(last.plan);
  return [`window.duration to pass, within which it comes back without steps (window.revisions: ${stepFreeRevisions})`];
}

/** Those that drained last stay; what a guardrail took back is nothing to keep. */
function keptText({ release, sunset }: Retirement, { record, rollouts }: RetirementContext): readonly string[] {
  const keepLast = sunset?.keepLast ?? 0;
  const kept = record.retirements
    .filter(({ stage, release: one }) => stage.kind === "drained" && !isQuarantined(one, rollouts))
    .toSorted((a, b) => b.since - a.since)
    .slice(0, keepLast);
  return kept.some((one) => one.release === release) ? [`newer releases to drain: keepLast is ${keepLast}`] : [];
}

/** Who may still need it; empty only when it is known that nobody does. */
function usesText({ livePins, openTransactions }: DrainFacts): readonly string[] {
  return [
    ...(livePins === 0 ? [] : [pinsText(livePins)]),
    ...(openTransactions === 0 ? [] : [transactionsText(openTransactions)]),
  ];
}

function pinsText(livePins: number | null): string {
  if (livePins === null) return "every gateway to tell how many sessions are pinned to it: that is not known just now";
  return `${livePins} ${livePins === 1 ? "session that is" : "sessions that are"} pinned to it`;
}

function transactionsText(open: number | null): string {
  if (open === null) return "the store to tell which transactions of its tools are open: that is not known just now";
  return `${open} ${open === 1 ? "transaction" : "transactions"} of its tools to be closed`;
}

function deadlineText(retirement: Retirement): readonly string[] {
  const deadline = deadlineOf(retirement);
  if (deadline === null || retirement.drain === null) return [];
  const { onDeadline, openTransactions = "wait" } = retirement.drain;
  const then = openTransactions === "wait" ? onDeadline : `${onDeadline}, open transactions: ${openTransactions}`;
  if (retirement.overdueSince !== null) return [`its deadline passed at ${formatTime(deadline)} (${then})`];
  return [`at the latest ${formatTime(deadline)}, then: ${then}`];
}

function untilText(what: string, at: number, now: number): readonly string[] {
  return now >= at ? [] : [`${what}, until ${formatTime(at)}`];
}

function formatTime(at: number): string {
  return new Date(at).toISOString();
}
