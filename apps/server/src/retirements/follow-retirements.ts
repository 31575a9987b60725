import {
  drainMoves,
  DRAIN_MOVE,
  isUnderWay,
  nextRetirement,
  type AgentName,
  type AgentRecord,
  type Digest,
  type MoveOrder,
  type NextRetirement,
} from "@perch/domain";
import { reasonOf } from "@perch/adapters/json-log";
import type { Publisher } from "../controller/publisher.ts";
import type { GatewayHub } from "../gateways/hub.ts";
import type { PinCounts } from "../gateways/pin-counts.ts";
import type { Transactions } from "../transactions/create-transactions.ts";
import { beginMove, endMove, type FollowMovesDeps } from "../moves/follow-moves.ts";

export type FollowRetirementsDeps = FollowMovesDeps & {
  readonly publisher: Pick<Publisher, "publish">;
  readonly hub: Pick<GatewayHub, "revision">;
  readonly pinCounts: Pick<PinCounts, "liveForDrain">;
  readonly transactions: Pick<Transactions, "openFor">;
};

/** Takes every release that gets no new sessions as far out of service as its rollout's file and the gateways allow. Safe to repeat. */
export async function followRetirements(deps: FollowRetirementsDeps): Promise<void> {
  for (const { agent } of deps.book.agents()) {
    try {
      await followAgent(agent, deps);
    } catch (error) {
      // What is not known or not recorded leaves the release where it is.
      deps.log.warn("cannot retire releases of the agent now; they stay", { agent, reason: reasonOf(error) });
    }
  }
}

async function followAgent(agent: AgentName, deps: FollowRetirementsDeps): Promise<void> {
  const { book, publisher } = deps;
  const outlook = outlookOf(deps);
  const before = book.agent(agent);
  for (const { digest } of before?.releases ?? []) {
    if (before === null || outlook(digest, before).event === null) continue;
    await book.recordAgent(agent, (record) => {
      // Decided when nothing else can change any more: a rollout that begins now finds the release, or is seen here. And by
      // the table that is right now: a way back that has just closed changes it, and what was counted before says nothing.
      publisher.publish();
      return outlook(digest, record).event;
    });
  }
  const record = book.agent(agent);
  if (record !== null) await moveOverdue(record, deps);
}

export type OutlookDeps = Pick<FollowRetirementsDeps, "book" | "hub" | "pinCounts" | "transactions" | "now">;

/** What happens next to a release, and what it waits for, by what is known now. */
export function outlookOf({ book, hub, pinCounts, transactions, now }: OutlookDeps) {
  return (release: Digest, record: AgentRecord): NextRetirement => {
    const facts = {
      livePins: pinCounts.liveForDrain(record.agent, release),
      openTransactions: transactions.openFor(record.agent, release),
      revision: hub.revision(),
    };
    return nextRetirement(release, { record, rollouts: book.rollouts(), now: now(), facts });
  };
}

/** The moves that a deadline wants; those of one that is over end. */
async function moveOverdue(record: AgentRecord, deps: FollowRetirementsDeps): Promise<void> {
  const { agent, moves } = record;
  const wanted = drainMoves(record, deps.book.rollouts());
  for (const move of moves) {
    const isOver = move.id.startsWith(DRAIN_MOVE) && isUnderWay(move) && wanted.every(({ id }) => id !== move.id);
    if (!isOver) continue;
    const reason = "its release does not drain any more, or to another release";
    await endMove({ agent, move, outcome: "cancelled", actor: "controller", reason }, deps);
  }
  for (const order of wanted) {
    if (moves.some(({ id }) => id === order.id) || !runs(record, order)) continue;
    const reason = `the drain's deadline has passed: ${order.mode}`;
    await beginMove(agent, { order, actor: "controller", reason }, deps);
  }
}

/** Nobody is sent to a release that does not run. */
function runs({ deployments }: AgentRecord, { to }: MoveOrder): boolean {
  return deployments.some(({ release }) => release === to);
}
