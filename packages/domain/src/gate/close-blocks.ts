import type { MaturedSession } from "../telemetry/session.ts";
import { badOf } from "./bad-of.ts";
import type { ArmCounts, AssignedSessions, Block } from "./block.ts";
import type { GateSpec } from "./gate-spec.ts";

const MIN_CANARY_SESSIONS = 2;
const MIN_BASELINE_SESSIONS = 10;

export type CloseBlocksInput = {
  readonly step: number;
  /** Matured sessions in the order of their sequence, after the last closed block; other steps' are passed over. */
  readonly sessions: readonly MaturedSession[];
  readonly gates: readonly GateSpec[];
  /** Until when the sessions were read. When a limit cut the reading short: the last session's `maturedAt`. */
  readonly now: number;
  readonly maxBlockMs: number;
  /** Sessions assigned in this step so far; every block carries it. */
  readonly assigned: AssignedSessions;
};

/**
 * The blocks that are full, in order. A block is full at 2 canary and 10 baseline sessions, or once its first session
 * matured `maxBlockMs` ago and both arms have one. What is left over stays in the store: read it again after the last
 * block's `throughSequence`. Outcomes are not looked at, and reading in larger or smaller pieces gives the same blocks.
 */
export function closeBlocks(input: CloseBlocksInput): readonly Block[] {
  const blocks: Block[] = [];
  let open: MaturedSession[] = [];
  const close = () => {
    blocks.push(blockOf(open, input));
    open = [];
  };
  for (const session of input.sessions) {
    if (session.step !== input.step) continue;
    if (isTimeUp(open, session.maturedAt, input.maxBlockMs)) close();
    open.push(session);
    if (isFull(open) || isTimeUp(open, session.maturedAt, input.maxBlockMs)) close();
  }
  if (isTimeUp(open, input.now, input.maxBlockMs)) close();
  return blocks;
}

function isFull(open: readonly MaturedSession[]): boolean {
  const canarySessions = countArm(open, "canary");
  return canarySessions >= MIN_CANARY_SESSIONS && open.length - canarySessions >= MIN_BASELINE_SESSIONS;
}

function isTimeUp(open: readonly MaturedSession[], now: number, maxBlockMs: number): boolean {
  const first = open[0];
  if (first === undefined || now - first.maturedAt < maxBlockMs) return false;
  const canarySessions = countArm(open, "canary");
  return canarySessions > 0 && canarySessions < open.length;
}

function countArm(sessions: readonly MaturedSession[], arm: "baseline" | "canary"): number {
  return sessions.filter((session) => session.arm === arm).length;
}

function blockOf(sessions: readonly MaturedSession[], { step, gates, assigned }: CloseBlocksInput): Block {
  const canarySessions = countArm(sessions, "canary");
  return {
    step,
    throughSequence: sessions.at(-1)?.sequence ?? 0,
    openedAt: sessions[0]?.maturedAt ?? 0,
    closedAt: sessions.at(-1)?.maturedAt ?? 0,
    assigned,
    baselineSessions: sessions.length - canarySessions,
    canarySessions,
    counts: Object.fromEntries(gates.map((gate) => [gate.name, countsOf(sessions, gate)])),
  };
}

function countsOf(sessions: readonly MaturedSession[], gate: GateSpec): ArmCounts {
  const counts = { baselineSessions: 0, baselineBad: 0, canarySessions: 0, canaryBad: 0 };
  for (const session of sessions) {
    const isBad = badOf(session, gate.of);
    if (isBad === null) continue;
    if (session.arm === "canary") {
      counts.canarySessions += 1;
      if (isBad) counts.canaryBad += 1;
    } else {
      counts.baselineSessions += 1;
      if (isBad) counts.baselineBad += 1;
    }
  }
  return counts;
}
