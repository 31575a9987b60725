import type { CohortMember } from "../telemetry/cohort-member.ts";
import type { Block, BlockReading } from "./block.ts";
import type { GateSpec } from "./gate-spec.ts";
import { countsOf, evaluatorsOf, readingOf, unfrozenReader, type GateReader } from "./read-block.ts";

/** A block closes when both are in it. */
export const MIN_CANARY_SESSIONS = 2;
export const MIN_BASELINE_SESSIONS = 10;

export type CutInput = {
  /** Sessions of the step in the order of assignment, after the last closed block. */
  readonly members: readonly CohortMember[];
  /** There are more members than were read, so the last, unfinished block is not the last one yet. */
  readonly isCutShort: boolean;
  readonly now: number;
  /** A block that is still not full closes once its first session is this old and both arms have one. */
  readonly maxBlockMs: number;
};

export type CutBlocksInput = CutInput & {
  /** A session that has not matured this long after its assignment no longer holds up its block, and is left out. */
  readonly patienceMs: number;
};

export type CloseBlocksInput = CutBlocksInput & { readonly step: number; readonly gates: readonly GateSpec[] };

/** A block before it is known how many sessions were assigned by the time it was read. */
export type ClosedBlock = Omit<Block, "assigned">;

/**
 * The members of the blocks that can be read, in order: full at 2 canary and 10 baseline sessions, and all of them mature. Blocks follow
 * the order of assignment, not of maturation: an arm that answers faster matures its short sessions first, and where
 * short sessions are the bad ones (a hand-over ends a conversation) it would look worse than it is. Outcomes are not
 * looked at, and reading in larger or smaller pieces gives the same blocks.
 */
export function cutBlocks(input: CutBlocksInput): readonly (readonly CohortMember[])[] {
  const blocks: (readonly CohortMember[])[] = [];
  for (const members of cut(input)) {
    if (members.some((member) => isAwaited(member, input))) return blocks;
    blocks.push(members);
  }
  return blocks;
}

/** The blocks that can be read, as gates read them for which nothing was frozen. */
export function closeBlocks(input: CloseBlocksInput): readonly ClosedBlock[] {
  const readers = input.gates.map(unfrozenReader);
  return cutBlocks(input).map((members) => readBlock(members, input.step, readers));
}

/** What all gates read of a block. */
export function readBlock(members: readonly CohortMember[], step: number, readers: readonly GateReader[]): ClosedBlock {
  const matured = members.flatMap((member) => member.matured ?? []);
  const canarySessions = countCanary(matured);
  const counts: Block["counts"] = byGate(readers, ({ gate }) => countsOf(gate, matured));
  const readings: Readonly<Record<string, BlockReading>> = byGate(readers, (reader) => readingOf(reader, members));
  const evaluators: Readonly<Record<string, readonly string[]>> = byGate(readers, ({ gate }) => {
    const versions = evaluatorsOf(gate, matured);
    return versions.length === 0 ? null : versions;
  });
  return {
    step,
    throughSequence: members.at(-1)?.assignment ?? 0,
    openedAt: members[0]?.assignedAt ?? 0,
    closedAt: members.at(-1)?.assignedAt ?? 0,
    unresolved: members.length - matured.length,
    baselineSessions: matured.length - canarySessions,
    canarySessions,
    counts,
    ...(isEmpty(readings) ? {} : { readings }),
    ...(isEmpty(evaluators) ? {} : { evaluators }),
  };
}

function byGate<T>(
  readers: readonly GateReader[],
  read: (reader: GateReader) => T | null,
): Readonly<Record<string, T>> {
  return Object.fromEntries(
    readers.flatMap((reader): [string, T][] => {
      const found = read(reader);
      return found === null ? [] : [[reader.gate.name, found]];
    }),
  );
}

function isEmpty(record: object): boolean {
  return Object.keys(record).length === 0;
}

/** Where the blocks begin and end, by assignments and the clock alone. */
export function cut(input: CutInput): readonly (readonly CohortMember[])[] {
  const closed: (readonly CohortMember[])[] = [];
  let open: CohortMember[] = [];
  for (const member of input.members) {
    if (isTimeUp(open, member.assignedAt, input.maxBlockMs)) {
      closed.push(open);
      open = [];
    }
    open.push(member);
    if (!isFull(open) && !isTimeUp(open, member.assignedAt, input.maxBlockMs)) continue;
    closed.push(open);
    open = [];
  }
  return !input.isCutShort && isTimeUp(open, input.now, input.maxBlockMs) ? [...closed, open] : closed;
}

export function isAwaited(member: CohortMember, { now, patienceMs }: CutBlocksInput): boolean {
  return member.matured === null && now - member.assignedAt < patienceMs;
}

function isFull(open: readonly CohortMember[]): boolean {
  const canarySessions = countCanary(open);
  return canarySessions >= MIN_CANARY_SESSIONS && open.length - canarySessions >= MIN_BASELINE_SESSIONS;
}

function isTimeUp(open: readonly CohortMember[], now: number, maxBlockMs: number): boolean {
  const first = open[0];
  if (first === undefined || now - first.assignedAt < maxBlockMs) return false;
  const canarySessions = countCanary(open);
  return canarySessions > 0 && canarySessions < open.length;
}

function countCanary(sessions: readonly { readonly arm: string }[]): number {
  return sessions.filter((session) => session.arm === "canary").length;
}
