import type { Digest } from "../release/digest.ts";
import { parseMoveId } from "../routing/ids.ts";
import type { MoveOrder } from "./agent-move.ts";
import type { AgentRecord } from "./agent-record.ts";
import type { Rollout } from "./rollout.ts";
import { wasExposed } from "./weight.ts";

/** With everybody sent to one release, the sessions of every other one that ever served go there with their next turn. */
export function killMoves(record: AgentRecord, rollouts: readonly Rollout[]): readonly MoveOrder[] {
  const { kill } = record;
  const to = kill?.to ?? null;
  if (kill === null || to === null) return [];
  return servedBy(record, rollouts)
    .filter((from) => from !== to)
    .map((from) => ({
      id: parseMoveId(`kill.${kill.killedAt}.${from.slice(-12)}`),
      from,
      to,
      session: null,
      mode: "evict",
      boundary: { header: true, idleMs: null },
      rollout: null,
    }));
}

function servedBy({ agent, first }: AgentRecord, rollouts: readonly Rollout[]): readonly Digest[] {
  const exposed = rollouts.filter((rollout) => rollout.plan.agent === agent && wasExposed(rollout));
  const releases = exposed.flatMap(({ baseline, canary }) => [baseline.digest, canary.digest]);
  return [...new Set([...(first === null ? [] : [first]), ...releases])];
}
