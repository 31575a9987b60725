import type { CohortMember } from "../telemetry/cohort-member.ts";
import { isAwaited, type CutBlocksInput } from "./close-blocks.ts";

/** Where everybody meets the release sessions come fast; more blocks than that would only fill the ledger. */
const SESSIONS_PER_BLOCK = 20;

/**
 * The members of the blocks that can be read of sessions that began after the promotion, in the order of assignment: full at 20, or
 * closed by the clock, and all of them mature or waited for long enough. As `cutBlocks`, but with one arm only: outcomes are not looked at.
 */
export function cutAfterPromotion(input: CutBlocksInput): readonly (readonly CohortMember[])[] {
  const blocks: (readonly CohortMember[])[] = [];
  for (const members of cut(input)) {
    if (members.some((member) => isAwaited(member, input))) return blocks;
    blocks.push(members);
  }
  return blocks;
}

function cut({ members, isCutShort, now, maxBlockMs }: CutBlocksInput): readonly (readonly CohortMember[])[] {
  const closed: (readonly CohortMember[])[] = [];
  let open: CohortMember[] = [];
  for (const member of members) {
    if (isTimeUp(open, member.assignedAt, maxBlockMs)) {
      closed.push(open);
      open = [];
    }
    open.push(member);
    if (open.length < SESSIONS_PER_BLOCK) continue;
    closed.push(open);
    open = [];
  }
  return !isCutShort && isTimeUp(open, now, maxBlockMs) ? [...closed, open] : closed;
}

function isTimeUp([first]: readonly CohortMember[], now: number, maxBlockMs: number): boolean {
  return first !== undefined && now - first.assignedAt >= maxBlockMs;
}
