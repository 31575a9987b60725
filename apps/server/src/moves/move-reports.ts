import type { MoveReport } from "@perch/api";
import type { AgentMove, AgentName, GatewayId } from "@perch/domain";
import type { GatewayHub } from "../gateways/hub.ts";
import type { Publisher } from "../controller/publisher.ts";

/** What the gateways have said about moves last, since this server's start. */
export type MoveReports = {
  note(gateway: GatewayId, report: MoveReport): void;
  /** Every gateway that may serve sessions watches the ones that are to be moved, or its lease has run out. */
  isReadyEverywhere(agent: AgentName, move: AgentMove): boolean;
  /** Sessions that are still pinned to the old release; null while it is not known of every pin store. */
  pinned(agent: AgentName, move: AgentMove): number | null;
};

export type MoveReportsDeps = {
  readonly hub: Pick<GatewayHub, "spreadOf" | "views">;
  readonly publisher: Pick<Publisher, "revisionOfMove">;
};

export function createMoveReports({ hub, publisher }: MoveReportsDeps): MoveReports {
  const reports = new Map<string, MoveReport>();

  /** The gateways that have a part in the move as it stands, each with what it has said about it last. */
  function partsIn(agent: AgentName, move: AgentMove) {
    const fenced = new Set(hub.views().flatMap(({ gateway, sync }) => (sync === "Fenced" ? [gateway] : [])));
    return hub.spreadOf(publisher.revisionOfMove(agent, move)).gateways.map(({ gateway, ackedAt }) => {
      const report = reports.get(gateway);
      const said = report?.moves.find((one) => one.agent === agent && one.move === move.id);
      return { store: report?.store ?? null, said, isAcked: ackedAt !== null, isGone: fenced.has(gateway) };
    });
  }

  return {
    note: (gateway, report) => void reports.set(gateway, report),
    isReadyEverywhere(agent, move) {
      const parts = partsIn(agent, move).map(({ said, isAcked, isGone }) => ({
        isReady: !isGone && isAcked && said?.isReady === true,
        isGone,
      }));
      return parts.some(({ isReady }) => isReady) && parts.every(({ isReady, isGone }) => isReady || isGone);
    },
    pinned(agent, move) {
      const counts = new Map<string, number>();
      const parts = partsIn(agent, move);
      for (const { store, said, isGone } of parts) {
        if (isGone) continue;
        // By an older table it cannot have meant this.
        if (store === null || said === undefined || said.pinned === null || said.phase !== move.standing.kind)
          return null;
        counts.set(store, Math.max(counts.get(store) ?? 0, said.pinned));
      }
      // What a gateway that is gone has left in its store is known when another one reads the same store.
      const isKnown = parts.every(({ store, isGone }) => !isGone || (store !== null && counts.has(store)));
      if (counts.size === 0 || !isKnown) return null;
      return [...counts.values()].reduce((sum, count) => sum + count, 0);
    },
  };
}
