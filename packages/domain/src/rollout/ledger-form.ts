import { z } from "zod";
import type { JsonValue } from "../release/canonical-json.ts";
import type { GateSpec } from "../gate/gate-spec.ts";
import { advance, startRollout } from "./advance.ts";
import type { AgentEvent } from "./agent-record.ts";
import { LedgerError, type LedgerEntry, type NewLedgerEntry } from "./ledger.ts";
import type { RolloutPlan } from "./plan.ts";
import { RETIREMENT_EVENTS } from "./retirement.ts";
import type { Rollout, RolloutEvent, RolloutEventType } from "./rollout.ts";

const ROLLOUT_EVENTS: Readonly<Record<RolloutEventType, true>> = {
  applied: true,
  dequeued: true,
  superseded: true,
  timePassed: true,
  prepared: true,
  preparationFailed: true,
  synced: true,
  syncTimedOut: true,
  blockJudged: true,
  landmarkJudged: true,
  conditionChanged: true,
  breakerTripped: true,
  targetChecked: true,
  undoRequested: true,
  mirrorStopped: true,
  hookAnswered: true,
  pauseRequested: true,
  resumeRequested: true,
  rollbackRequested: true,
  abortRequested: true,
  promoteRequested: true,
  rollbackWindowClosed: true,
};
const AGENT_EVENTS: Readonly<Record<AgentEvent["type"], true>> = {
  releaseAdmitted: true,
  deploymentRegistered: true,
  deploymentRemoved: true,
  pointerMoved: true,
  agentKilled: true,
  agentRevived: true,
  moveRequested: true,
  moveHeld: true,
  moveOpened: true,
  moveEnded: true,
  movePast: true,
  ...RETIREMENT_EVENTS,
};

const body = z.record(z.string(), z.unknown());

/** The event as the ledger keeps it; its type and time stand beside the body. */
export function formatEvent(subject: string, event: RolloutEvent | AgentEvent): NewLedgerEntry {
  const { type, at, ...rest } = event;
  return { subject, type, at, body: parseJson(JSON.stringify(rest)) };
}

/** Throws `LedgerError` `unreadable` for an entry that this version does not know: never skip a decision in silence. */
export function parseRolloutEvent(entry: LedgerEntry): RolloutEvent {
  const event = { ...known(entry, ROLLOUT_EVENTS), type: entry.type, at: entry.at } as RolloutEvent;
  return event.type === "applied" ? { ...event, plan: withGateKinds(event.plan) } : event;
}

/** A plan of a version that knew one kind of gate, and did not write it down. */
function withGateKinds(plan: RolloutPlan): RolloutPlan {
  const gates = plan.gates.map((gate): GateSpec =>
    "kind" in gate ? gate : ({ kind: "proportion", ...(gate as object) } as GateSpec),
  );
  return { ...plan, gates };
}

/** Throws `LedgerError` `unreadable`, as `parseRolloutEvent` does. */
export function parseAgentEvent(entry: LedgerEntry): AgentEvent {
  return { ...known(entry, AGENT_EVENTS), type: entry.type, at: entry.at } as AgentEvent;
}

/** A rollout out of its ledger. Throws `LedgerError` `unreadable` when the first entry does not begin one. */
export function foldRollout(entries: readonly LedgerEntry[]): Rollout {
  const [first, ...later] = entries.map(parseRolloutEvent);
  if (first?.type !== "applied") {
    throw unreadable(entries[0], "a rollout's first entry has to be `applied`");
  }
  return later.reduce(advance, startRollout(first));
}

function known(entry: LedgerEntry, types: Readonly<Record<string, true>>): Record<string, unknown> {
  const parsed = body.safeParse(entry.body);
  if (parsed.success && Object.hasOwn(types, entry.type)) return parsed.data;
  throw unreadable(entry, `expected one of ${Object.keys(types).join(", ")}`);
}

function unreadable(entry: LedgerEntry | undefined, expected: string): LedgerError {
  const found = entry === undefined ? "no entry" : `entry ${entry.sequence} of type ${JSON.stringify(entry.type)}`;
  return new LedgerError({
    code: "unreadable",
    message: `found ${found}, ${expected}`,
    hint: "a newer version wrote this ledger: use that version",
  });
}

function parseJson(text: string): JsonValue {
  return JSON.parse(text) as JsonValue;
}
