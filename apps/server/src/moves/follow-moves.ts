import {
  isUnderWay,
  killMoves,
  memoryProblems,
  newAgent,
  wantedMove,
  type AgentMove,
  type AgentName,
  type AgentRecord,
  type Digest,
  type MoveOrder,
  type ReleaseContentSource,
  type Rollout,
} from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { Book } from "../controller/book.ts";
import type { MoveReports } from "./move-reports.ts";

export type FollowMovesDeps = {
  readonly book: Book;
  readonly contents: ReleaseContentSource;
  readonly reports: MoveReports;
  readonly idleTimeoutMs: () => number;
  readonly now: () => number;
  readonly log: Log;
};

/** What clients may have kept of a move is out of time after an idle timeout, and clocks differ. */
const MARGIN = 1.25;
const KILL_MOVE = "kill.";

/** Begins what rollout files want, and takes every move as far as the gateways allow. Safe to repeat. */
export async function followMoves(deps: FollowMovesDeps): Promise<void> {
  const { book, log } = deps;
  for (const rollout of book.rollouts()) {
    try {
      await beginWanted(rollout, deps);
    } catch (error) {
      log.warn("cannot prepare the move of the rollout's sessions now", {
        rollout: rollout.id,
        reason: reasonOf(error),
      });
    }
  }
  for (const record of book.agents()) await followKill(record, deps);
  for (const { agent, moves } of book.agents()) for (const move of moves) await follow(agent, move, deps);
}

/** Records an order: begun, or held when the sessions' memory does not go along. Ends what it contradicts. */
export async function beginMove(
  agent: AgentName,
  wanted: { readonly order: MoveOrder; readonly actor: string; readonly reason: string },
  deps: Pick<FollowMovesDeps, "book" | "contents" | "now">,
): Promise<AgentRecord> {
  const { book, contents, now } = deps;
  const { order, actor, reason } = wanted;
  const problems = await problemsOf(agent, order, contents);
  const isHeld = problems.length > 0 && order.mode !== "evict";
  if (!isHeld) {
    for (const move of book.agent(agent)?.moves ?? []) {
      // Two passes may have wanted the same one at once: it does not take its own place.
      if (move.id === order.id || !isUnderWay(move) || !contradicts(move, order)) continue;
      await endMove({ agent, move, outcome: "cancelled", actor, reason: `move ${order.id} takes its place` }, deps);
    }
  }
  const type = isHeld ? "moveHeld" : "moveRequested";
  return await book.recordAgent(agent, () => ({ type, at: now(), order, actor, reason, memoryProblems: problems }));
}

/** A harmful release is left even when nobody can tell what becomes of memory. */
async function problemsOf(
  agent: AgentName,
  { from, to, mode }: MoveOrder,
  contents: ReleaseContentSource,
): Promise<readonly string[]> {
  try {
    const read = (digest: Digest) => contents.read({ kind: "digest", agent, digest });
    const [before, after] = await Promise.all([read(from), read(to)]);
    return memoryProblems(before, after);
  } catch (error) {
    if (mode !== "evict") throw error;
    return [`the releases cannot be read: ${reasonOf(error)}`];
  }
}

/** Two that would send a session round in a circle, or one and the same to two places. */
function contradicts(move: AgentMove, order: MoveOrder): boolean {
  const isOfSameSession = move.session === order.session;
  return (move.from === order.from && isOfSameSession) || move.to === order.from || move.from === order.to;
}

type Ending = {
  readonly agent: AgentName;
  readonly move: Pick<AgentMove, "id">;
  readonly outcome: "finished" | "cancelled";
  readonly actor: string;
  readonly reason: string;
};

export async function endMove(
  ending: Ending,
  { book, now }: Pick<FollowMovesDeps, "book" | "now">,
): Promise<AgentRecord> {
  const { agent, move, outcome, actor, reason } = ending;
  return await book.recordAgent(agent, () => ({ type: "moveEnded", at: now(), id: move.id, outcome, actor, reason }));
}

async function beginWanted(rollout: Rollout, deps: FollowMovesDeps): Promise<void> {
  const { agent } = rollout.plan;
  const { moves, deployments } = deps.book.agent(agent) ?? newAgent(agent);
  const wanted = wantedMove(rollout);
  const outdated = moves.find((move) => move.rollout === rollout.id && move.id !== wanted?.id && isUnderWay(move));
  if (outdated !== undefined) {
    const reason = `the rollout is ${rollout.phase.kind}`;
    await endMove({ agent, move: outdated, outcome: "cancelled", actor: "controller", reason }, deps);
  }
  if (wanted === null || moves.some(({ id }) => id === wanted.id)) return;
  // Nobody is sent to a release that does not run.
  if (deployments.every(({ release }) => release !== wanted.to)) return;
  const reason = wanted.mode === "autoUpgrade" ? "versioningBehavior: AutoUpgrade" : `rollback policy: ${wanted.mode}`;
  await beginMove(agent, { order: wanted, actor: "controller", reason }, deps);
}

/** Moves that a kill switch wants; those of one that is over end. */
async function followKill(record: AgentRecord, deps: FollowMovesDeps): Promise<void> {
  const { agent, kill, moves } = record;
  const wanted = killMoves(record, deps.book.rollouts());
  for (const move of moves) {
    const isOver = move.id.startsWith(KILL_MOVE) && isUnderWay(move) && wanted.every(({ id }) => id !== move.id);
    if (!isOver) continue;
    const reason = "the agent is no longer switched off";
    await endMove({ agent, move, outcome: "cancelled", actor: "controller", reason }, deps);
  }
  for (const order of wanted) {
    if (moves.some(({ id }) => id === order.id)) continue;
    await beginMove(agent, { order, actor: kill?.actor ?? "controller", reason: kill?.reason ?? "" }, deps);
  }
}

async function follow(agent: AgentName, move: AgentMove, deps: FollowMovesDeps): Promise<void> {
  const { book, reports, now } = deps;
  const { standing, id } = move;
  if (standing.kind === "closed" && now() - standing.closedAt > MARGIN * deps.idleTimeoutMs()) {
    await book.recordAgent(agent, () => ({ type: "movePast", at: now(), id }));
  }
  if (standing.kind !== "prepared" && standing.kind !== "open") return;
  if (standing.kind === "prepared" && reports.isReadyEverywhere(agent, move)) {
    await book.recordAgent(agent, () => ({ type: "moveOpened", at: now(), id }));
  }
  if (standing.kind === "open" && reports.pinned(agent, move) === 0) {
    const reason = "nobody is pinned to the old release any more";
    await endMove({ agent, move, outcome: "finished", actor: "controller", reason }, deps);
  }
}
