import {
  cutBlocks,
  readLandmarks,
  type AssignedSessions,
  type CohortMember,
  type GateAge,
  type LandmarkReading,
  type MaturedSession,
  type SignsOfLife,
} from "@perch/domain";
import { MINUTE_MS, WINDOW_MS } from "./scenario.ts";

/** As the server has them: see `read-judged.ts`. */
const MAX_BLOCK_MS = 60 * MINUTE_MS;
const PATIENCE_MS = 12 * WINDOW_MS;
const [FULL_CANARY, FULL_BASELINE] = [2, 10];

export type Member = { -readonly [Key in keyof CohortMember]: CohortMember[Key] };

/** A block as it is cut, before the gates read it. */
export type CutBlock = {
  readonly step: number;
  readonly members: readonly CohortMember[];
  readonly assigned: AssignedSessions;
};

/** One step's sessions on their way into blocks, or into readings at one gate's age. */
export type Feed<Closed> = {
  add(member: Member): void;
  /** The outcome of a session is known from now on. */
  mature(member: Member, session: MaturedSession): void;
  /** What the engine would close now; none of it again. */
  close(now: number): readonly Closed[];
};

/** What waits, as the engine is shown it. */
type Shown = {
  readonly members: readonly CohortMember[];
  readonly isCutShort: boolean;
  readonly now: number;
  readonly maxBlockMs: number;
};

type Engine<Closed> = {
  /** How long the engine waits for a session that does not end. */
  readonly patienceMs: number;
  /** What it closes, in order, each with its last assignment. */
  readonly close: (shown: Shown) => readonly { readonly through: number; readonly closed: Closed }[];
};

export function createBlockFeed(step: number): Feed<CutBlock> {
  const assigned = { baseline: 0, canary: 0 };
  const feed = createFeed<CutBlock>({
    patienceMs: PATIENCE_MS,
    close: (shown) =>
      cutBlocks({ ...shown, patienceMs: PATIENCE_MS }).map((members) => ({
        through: members.at(-1)?.assignment ?? 0,
        closed: { step, members, assigned: { ...assigned } },
      })),
  });
  return {
    ...feed,
    add(member) {
      assigned[member.arm] += 1;
      feed.add(member);
    },
  };
}

/** Sessions end by a signal that comes in at once; what is heard of the arms is what `heard` says at each look. */
export function createLandmarkFeed(step: number, age: GateAge, heard: () => SignsOfLife): Feed<LandmarkReading> {
  const rule = { ...age, step, idleTimeoutMs: Infinity, latenessMs: 0, patienceMs: PATIENCE_MS, heardSince: Infinity };
  return createFeed({
    patienceMs: age.ageMs,
    close: (shown) =>
      readLandmarks({ ...shown, ...rule, heard: heard() }).map((closed) => ({
        through: closed.throughSequence,
        closed,
      })),
  });
}

/**
 * What the server does with a step of a rollout, on top of the engine itself. It asks the engine only when the first block may be
 * ready, and shows it no more than that block, which changes nothing but the time it takes.
 */
function createFeed<Closed>({ patienceMs, close }: Engine<Closed>): Feed<Closed> {
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
      const closed: Closed[] = [];
      while (mayClose(now)) {
        const members = first.end === null ? waiting : waiting.slice(0, first.end);
        const cut = close({ members, isCutShort: first.end !== null, now, maxBlockMs: MAX_BLOCK_MS });
        const through = cut.at(-1)?.through;
        if (through === undefined) break;
        const rest = waiting.findIndex(({ assignment }) => assignment > through);
        waiting = rest < 0 ? [] : waiting.slice(rest);
        first = firstBlockOf(waiting);
        closed.push(...cut.map((one) => one.closed));
      }
      return closed;
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
