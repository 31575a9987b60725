import type { AgentRecord } from "./agent-record.ts";
import {
  hooksAwaited,
  isRetired,
  type HookAction,
  type RetiredDeployment,
  type Retirement,
  type RetirementEvent,
  type RetirementStage,
} from "./retirement.ts";
import { advanceCalls, isTransactionCallEvent, type TransactionCallEvent } from "./transaction-calls.ts";

/** The agent's record after an event of a release's way out; one that means nothing returns the very same object. */
export function advanceRetirements(record: AgentRecord, event: RetirementEvent): AgentRecord {
  const held = record.retirements.find(({ release }) => release === event.release);
  if (event.type === "drainStarted") return held === undefined ? start(record, event) : record;
  if (held === undefined) return record;
  if (event.type === "drainCancelled") return without(record, held);
  const next = nextOf(held, event, record);
  if (next === null) return record;
  const retirements = record.retirements.map((one) => (one === held ? next : one));
  if (event.type !== "releaseScaledDown") return { ...record, retirements };
  return { ...record, retirements, deployments: record.deployments.filter(({ release }) => release !== event.release) };
}

/** Whoever deploys a release anew that was taken away has it back. */
export function backInService(record: AgentRecord, event: Pick<RetirementEvent, "release">): AgentRecord {
  const held = record.retirements.find(({ release }) => release === event.release);
  return held !== undefined && isRetired(held) ? without(record, held) : record;
}

function without(record: AgentRecord, held: Retirement): AgentRecord {
  return { ...record, retirements: record.retirements.filter((one) => one !== held) };
}

function start(record: AgentRecord, event: Extract<RetirementEvent, { type: "drainStarted" }>): AgentRecord {
  const { release, rollout, at: since, drain, sunset } = event;
  const stage: RetirementStage = { kind: "draining" };
  const none = { overdueSince: null, leftAtDeadline: null, calls: [] };
  const begun: Retirement = { release, rollout, since, drain, sunset, ...none, stage };
  return { ...record, retirements: [...record.retirements, begun] };
}

type Change = Exclude<RetirementEvent, { type: "drainStarted" | "drainCancelled" }>;

function nextOf(held: Retirement, event: Change, record: AgentRecord): Retirement | null {
  if (event.type === "drainOverdue") return overdue(held, event);
  if (isTransactionCallEvent(event)) {
    const calls = advanceCalls(held.calls, event);
    return calls === held.calls ? null : { ...held, calls };
  }
  const stage = stageAfter(held, event, record);
  if (stage === null) return null;
  // Nothing is open any more that anybody could be asked about.
  return { ...held, stage, calls: event.type === "releaseDrained" ? [] : held.calls };
}

function overdue(held: Retirement, event: Extract<Change, { type: "drainOverdue" }>): Retirement | null {
  if (!isOverdue(held, event.at)) return null;
  const { livePins, openTransactions = 0 } = event;
  return { ...held, overdueSince: event.at, leftAtDeadline: { livePins, openTransactions } };
}

function stageAfter(
  held: Retirement,
  event: Exclude<Change, TransactionCallEvent | { type: "drainOverdue" }>,
  record: AgentRecord,
): RetirementStage | null {
  const { stage } = held;
  switch (event.type) {
    case "releaseDrained":
      return stage.kind === "draining" ? { kind: "drained", drainedAt: event.at } : null;
    case "drainResumed":
      return stage.kind === "drained" ? { kind: "draining" } : null;
    case "releaseScaledDown":
      return scaledDown(held, event.at, record);
    case "deploymentHookAnswered":
      return withAnswer(stage, event);
    case "releaseDecommissioned":
      return decommissioned(held, event.at);
  }
}

function scaledDown(held: Retirement, at: number, record: AgentRecord): RetirementStage | null {
  const { stage } = held;
  if (stage.kind !== "drained" || at < (scalesDownAt(held) ?? Infinity)) return null;
  return { kind: "scaledDown", drainedAt: stage.drainedAt, deployments: deploymentsOf(record, held) };
}

function decommissioned(held: Retirement, at: number): RetirementStage | null {
  const { stage } = held;
  if (stage.kind !== "scaledDown" || at < (deletedAt(held) ?? Infinity) || hooksAwaited(held).length > 0) return null;
  return { kind: "decommissioned", at, deployments: stage.deployments };
}

function deploymentsOf({ deployments }: AgentRecord, { release }: Retirement): readonly RetiredDeployment[] {
  return deployments.filter((held) => held.release === release).map((held) => ({ ...held, done: [] }));
}

type Answer = { readonly url: string; readonly action: HookAction };

function withAnswer(stage: RetirementStage, { url, action }: Answer): RetirementStage | null {
  if (!hooksAwaited({ stage }).some((one) => one.url === url && one.action === action)) return null;
  if (stage.kind !== "scaledDown" && stage.kind !== "decommissioned") return null;
  const deployments = stage.deployments.map((one) => (one.url === url ? { ...one, done: [...one.done, action] } : one));
  return { ...stage, deployments };
}

/** When the drain is to be over, epoch ms; null without a deadline. */
export function deadlineOf({ since, drain }: Retirement): number | null {
  return drain === null ? null : since + drain.deadlineMs;
}

/** Its deadline has passed, and nobody has said so yet. */
export function isOverdue(retirement: Retirement, at: number): boolean {
  const { stage, overdueSince } = retirement;
  return stage.kind === "draining" && overdueSince === null && at >= (deadlineOf(retirement) ?? Infinity);
}

/** The earliest time at which its routes may be taken away; null while it has not drained, or without a sunset. */
export function scalesDownAt({ stage, sunset }: Retirement): number | null {
  return stage.kind === "drained" && sunset !== null ? stage.drainedAt + sunset.scaledownDelayMs : null;
}

/** The earliest time at which it may be decommissioned; null before its routes are away. */
export function deletedAt({ stage, sunset }: Retirement): number | null {
  return stage.kind === "scaledDown" && sunset !== null ? stage.drainedAt + sunset.deleteDelayMs : null;
}
