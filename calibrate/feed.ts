import { cutBlocks, type AssignedSessions, type CohortMember, type GateSpec, type MaturedSession } from "@perch/domain";
import { MINUTE_MS, WINDOW_MS } from "./scenario.ts";

/** As the server has them: see `judge-sessions.ts`. */
const MAX_BLOCK_MS = 60 * MINUTE_MS;
const PATIENCE_WINDOWS = 12;
const [FULL_CANARY, FULL_BASELINE] = [2, 10];

export type Member = { -readonly [Key in keyof CohortMember]: CohortMember[Key] };

/** A block as it is cut, before the gates read it. */
export type CutBlock = {
  readonly step: number;
  readonly members: readonly CohortMember[];
  readonly assigned: AssignedSessions;
};

/** One step's sessions on their way into blocks. */
export type Feed = {
  add(member: Member): void;
  /** The outcome of a session is known from now on. */
  mature(member: Member, session: MaturedSession): void;
  /** The blocks that the engine would close now; none of them again. */
  close(now: number): readonly CutBlock[];
};

/** How long a block waits for its sessions: here they mature the moment they end, so no longer than a gate's age. */
export function patienceOf(gates: readonly GateSpec[]): number {
  const ages = gates.map((gate) => ("landmark" in gate ? (gate.landmark?.ageMs ?? 0) + WINDOW_MS : 0));
  return Math.max(PATIENCE_WINDOWS * WINDOW_MS, ...ages);
}

/**
 * What the server does with a step of a rollout, on top of the engine's own `cutBlocks`. It asks the engine only when the
 * first block may be ready, and shows it no more than that block, which changes nothing but the time it takes.
 */
export function createFeed({ step, patienceMs }: { readonly step: number; readonly patienceMs: number }): Feed {
  const assigned = { baseline: 0, canary: 0 };
  let waiting: Member[] = [];
  let first = firstBlockOf(waiting);

  function mayClose(now: number): boolean {
    const oldest = waiting[0];
    if (oldest === undefined) return false;
    const last = waiting[(first.end ?? 0) - 1];
    const isCutByClock = last === undefined || last.assignedAt - oldest.assignedAt >= MAX_BLOCK_MS;
    if (isCutByClock) return now - oldest.assignedAt >= MAX_BLOCK_MS;
    if (first.unsettled === 0) return true;
    if (now - oldest.assignedAt < patienceMs) return false;
    const awaited = waiting.slice(0, first.end ?? 0).findLast((member) => member.matured === null);
    return now - (awaited?.assignedAt ?? 0) >= patienceMs;
  }

  return {
    add(member) {
      assigned[member.arm] += 1;
      waiting.push(member);
      if (first.end === null) count(first, member, waiting.length);
    },
    mature(member, session) {
      member.matured = session;
      const oldest = waiting[0];
      if (oldest === undefined || member.assignment < oldest.assignment) return;
      const last = first.end === null ? undefined : waiting[first.end - 1];
      if (last === undefined || member.assignment <= last.assignment) first.unsettled -= 1;
    },
    close(now) {
      const blocks: CutBlock[] = [];
      while (mayClose(now)) {
        const members = first.end === null ? waiting : waiting.slice(0, first.end);
        const isCutShort = first.end !== null;
        const cut = cutBlocks({ members, isCutShort, now, maxBlockMs: MAX_BLOCK_MS, patienceMs });
        const through = cut.at(-1)?.at(-1)?.assignment;
        if (through === undefined) break;
        const rest = waiting.findIndex(({ assignment }) => assignment > through);
        waiting = rest < 0 ? [] : waiting.slice(rest);
        first = firstBlockOf(waiting);
        blocks.push(...cut.map((block) => ({ step, members: block, assigned: { ...assigned } })));
      }
      return blocks;
    },
  };
}

/** How far the first block has come: where it ends once it is full by counts, and how many outcomes it waits for. */
type FirstBlock = { canary: number; unsettled: number; end: number | null };

function firstBlockOf(waiting: readonly Member[]): FirstBlock {
  const first: FirstBlock = { canary: 0, unsettled: 0, end: null };
  for (const [index, member] of waiting.entries()) {
    count(first, member, index + 1);
    if (first.end !== null) break;
  }
  return first;
}

function count(first: FirstBlock, member: Member, length: number): void {
  if (member.arm === "canary") first.canary += 1;
  if (member.matured === null) first.unsettled += 1;
  if (first.canary >= FULL_CANARY && length - first.canary >= FULL_BASELINE) first.end = length;
}
