import type { MoveView } from "@perch/api";
import { formatDuration } from "@perch/domain";

export function describeMoves(agent: string, moves: readonly MoveView[], now: number): string {
  if (moves.length === 0) return `no session of ${agent} was ever moved`;
  return moves.map((move) => describeMove(move, now)).join("\n\n");
}

const STANDING: Readonly<Record<MoveView["standing"], string>> = {
  prepared: "on its way to the gateways",
  open: "under way",
  closed: "over",
  past: "over",
  held: "held: never begun",
};

/** One move, as a person on call reads it. */
export function describeMove(move: MoveView, now: number): string {
  const { id, from, to, session, mode, standing, outcome, because, actor, reason, memoryProblems } = move;
  const whose = session === null ? "sessions" : `session ${session}`;
  const state = outcome === null ? STANDING[standing] : outcome;
  const lines = [
    `${id}: ${mode} ${whose} of ${move.agent} from ${from.version} to ${to.version}: ${state}`,
    `  ${countsOf(move)}`,
    ...(mode === "evict" ? [] : [`  boundary: ${boundaryOf(move.boundary)}`]),
    `  asked for ${ageOf(now - move.requestedAt)} ago by ${actor}${reason === "" ? "" : `: ${reason}`}`,
    ...(because === "" ? [] : [`  ${because}`]),
    ...(standing === "held" ? [] : memoryProblems.map((problem) => `  memory: ${problem}`)),
  ];
  return lines.join("\n");
}

/** In seconds, after two minutes in minutes, after two hours in hours. */
function ageOf(ms: number): string {
  const unit = ms < 120_000 ? 1000 : ms < 7_200_000 ? 60_000 : 3_600_000;
  return formatDuration(Math.max(1, Math.round(ms / unit)) * unit);
}

function countsOf({ moved, pinned, standing }: MoveView): string {
  const isLive = standing === "prepared" || standing === "open" || standing === "closed";
  const left = pinned === null ? "not every gateway has told how many are" : String(pinned);
  return isLive ? `moved ${moved}, ${left} still pinned to the old release` : `moved ${moved}`;
}

function boundaryOf({ header, idleMs }: MoveView["boundary"]): string {
  const parts = [
    ...(header ? ["where the agent says so (x-perch-boundary)"] : []),
    ...(idleMs === null ? [] : [`after ${formatDuration(idleMs)} of silence`]),
  ];
  return parts.join(", or ");
}
