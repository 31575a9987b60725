import { compareRevisions, type AgentRoute, type Revision, type RoutingTable } from "@perch/domain";

/** The present table, and when each of the last ones was published. */
export type Tables = {
  present(): RoutingTable;
  /** False when these are the present routes. */
  publish(agents: readonly AgentRoute[], leaseMs: number): boolean;
  /** The same routes as the first table of another epoch. */
  moveTo(epoch: number): void;
  publishedAt(revision: Revision): number;
};

export type TablesDeps = { readonly now: () => number; readonly epoch: number; readonly leaseMs: number };

const PUBLICATIONS_KEPT = 500;

export function createTables({ now, epoch, leaseMs }: TablesDeps): Tables {
  const empty: RoutingTable = { revision: { epoch, sequence: 0 }, leaseMs, agents: [] };
  let current = { table: empty, at: now() };
  let publications: readonly (typeof current)[] = [current];

  function put(table: RoutingTable): void {
    current = { table, at: now() };
    publications = [...publications.slice(-PUBLICATIONS_KEPT + 1), current];
  }

  return {
    present: () => current.table,
    publish(agents, lease) {
      const { revision } = current.table;
      const table = { revision: { ...revision, sequence: revision.sequence + 1 }, leaseMs: lease, agents };
      if (contentOf(table) === contentOf(current.table)) return false;
      put(table);
      return true;
    },
    moveTo: (next) => put({ ...current.table, revision: { epoch: next, sequence: 0 } }),
    publishedAt: (revision) =>
      publications.find(({ table }) => compareRevisions(table.revision, revision) === 0)?.at ?? current.at,
  };
}

/** Everything but the revision. */
function contentOf({ leaseMs, agents }: RoutingTable): string {
  return JSON.stringify({ leaseMs, agents });
}
