import type { MoveReport } from "@perch/api";
import type { AgentMove, AgentName, GatewayId } from "@perch/domain";
import type { Spread } from "../gateways/hub.ts";

/** What the gateways have said about moves last, since this server's start. */
export type MoveReports = {
  note(gateway: GatewayId, report: MoveReport): void;
  /** Every gateway that may serve sessions watches the ones that are to be moved, or can reach no session any more. */
  isReadyEverywhere(agent: AgentName, move: AgentMove, spread: Spread): boolean;
  /** Sessions that are still pinned to the old release; null while a gateway has not told since the move was opened. */
  pinned(agent: AgentName, move: AgentMove, spread: Spread): number | null;
};

export function createMoveReports(): MoveReports {
  const reports = new Map<GatewayId, MoveReport>();
  const find = (gateway: GatewayId, agent: AgentName, move: AgentMove) =>
    reports.get(gateway)?.moves.find((one) => one.agent === agent && one.move === move.id);

  return {
    note: (gateway, report) => void reports.set(gateway, report),
    isReadyEverywhere(agent, move, { gateways }) {
      const parts = gateways.map(({ gateway, ackedAt, fencedAt }) => ({
        isGone: fencedAt !== null,
        isReady: ackedAt !== null && find(gateway, agent, move)?.isReady === true,
      }));
      return parts.some(({ isReady }) => isReady) && parts.every(({ isReady, isGone }) => isReady || isGone);
    },
    pinned(agent, move, { gateways }) {
      const byStore = new Map<string, number>();
      for (const { gateway } of gateways) {
        const one = find(gateway, agent, move);
        // By an older table it cannot have meant this.
        if (one === undefined || one.pinned === null || one.phase !== move.standing.kind) return null;
        const store = reports.get(gateway)?.store ?? gateway;
        byStore.set(store, Math.max(byStore.get(store) ?? 0, one.pinned));
      }
      return byStore.size === 0 ? null : [...byStore.values()].reduce((sum, count) => sum + count, 0);
    },
  };
}
