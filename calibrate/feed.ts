import { closeBlocks, type Block, type CohortMember, type GateSpec, type MaturedSession } from "@perch/domain";
import { MINUTE_MS } from "./scenario.ts";

/** As the server has them: see `judge-sessions.ts`. */
const MAX_BLOCK_MS = 60 * MINUTE_MS;
const PATIENCE_WINDOWS = 12;
const [FULL_CANARY, FULL_BASELINE] = [2, 10];
/** What only the clock can close is asked about this often. */
const CLOCK_LOOK_MS = MINUTE_MS;

export type Member = { -readonly [Key in keyof CohortMember]: CohortMember[Key] };

/** One step's sessions on their way into blocks. */
export type Feed = {
  add(member: Member): void;
  /** The outcome of a session is known from now on. */
  mature(member: Member, session: MaturedSession): void;
  /** The blocks that the engine would close now; none of them again. */
  close(now: number): readonly Block[];
};

export type FeedOptions = { readonly step: number; readonly gates: readonly GateSpec[]; readonly windowMs: number };

/**
 * What the server does with a step of a rollout, on top of the engine's own `closeBlocks`. It asks the engine only when a
 * count says that a block may be ready, which changes nothing but the time it takes.
 */
export function createFeed({ step, gates, windowMs }: FeedOptions): Feed {
  const assigned = { baseline: 0, canary: 0 };
  const patienceMs = PATIENCE_WINDOWS * windowMs;
  let waiting: Member[] = [];
  let first = firstBlockOf(waiting);
  let nextClockLook = 0;

  function mayClose(now: number): boolean {
    const oldest = waiting[0];
    if (oldest === undefined) return false;
    if (first.end !== null && first.unsettled === 0) return true;
    if (now < nextClockLook || now - oldest.assignedAt < Math.min(MAX_BLOCK_MS, patienceMs)) return false;
    nextClockLook = now + CLOCK_LOOK_MS;
    return true;
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
      const blocks: Block[] = [];
      while (mayClose(now)) {
        const members = waiting;
        const input = { step, members, isCutShort: false, gates, now, maxBlockMs: MAX_BLOCK_MS, patienceMs };
        const closed = closeBlocks(input);
        if (closed.length === 0) break;
        const through = closed.at(-1)?.throughSequence ?? 0;
        waiting = waiting.filter(({ assignment }) => assignment > through);
        first = firstBlockOf(waiting);
        blocks.push(...closed.map((block) => ({ ...block, assigned: { ...assigned } })));
      }
      return blocks;
    },
  };
}

/** How far the first block has come: where it ends once it is full by counts, and whose outcome it waits for. */
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
