import type { AgentName, Digest, OpenCount, TransactionReport } from "@perch/domain";

/**
 * What the store counted last, and beside it what was being opened meanwhile: some transactions may be in both, none is in
 * neither. So zero is zero, and a number above it may be too large until the next count.
 */
export type OpenCounts = {
  /** Begins a count; the function that it gives takes what came of it. */
  begin(): (counted: readonly OpenCount[]) => void;
  /** The store cannot be counted. */
  lose(): void;
  /** Stores reports; their openings count from before it begins, whatever comes of it. */
  during<Result>(reports: readonly TransactionReport[], store: () => Promise<Result>): Promise<Result>;
  /** Null before the first count, and from a failed one to the next. */
  openFor(agent: AgentName, release: Digest): number | null;
};

export function createOpenCounts(): OpenCounts {
  const storing = new Set<readonly OpenCount[]>();
  let last: readonly OpenCount[] | null = null;
  /** Stored since the last count began, and since the one under way did. */
  let [sinceLast, sinceBegun] = [new Set<readonly OpenCount[]>(), new Set<readonly OpenCount[]>()];
  return {
    begin() {
      const mine = new Set<readonly OpenCount[]>();
      sinceBegun = mine;
      return (counted) => {
        last = counted;
        sinceLast = mine;
      };
    },
    lose() {
      last = null;
      sinceLast = new Set();
    },
    async during(reports, store) {
      const openings = openingsIn(reports);
      storing.add(openings);
      try {
        return await store();
      } finally {
        // Also one that failed: nobody knows how far it came.
        if (openings.length > 0) for (const since of [sinceLast, sinceBegun]) since.add(openings);
        storing.delete(openings);
      }
    },
    openFor(agent, release) {
      if (last === null) return null;
      return sumFor([...last, ...[...storing, ...sinceLast].flat()], agent, release);
    },
  };
}

/** Also those of which the release is not known: they may be its own. */
export function sumFor(counts: readonly OpenCount[], agent: AgentName, release: Digest): number {
  return counts
    .filter((one) => one.agent === agent && (one.release === release || one.release === null))
    .reduce((sum, { open }) => sum + open, 0);
}

function openingsIn(reports: readonly TransactionReport[]): readonly OpenCount[] {
  const groups = Map.groupBy(
    reports.filter((report) => report.state === "open"),
    ({ agent, release }) => `${agent} ${release ?? ""}`,
  );
  return [...groups.values()].flatMap((group) =>
    group.slice(0, 1).map(({ agent, release }) => ({ agent, release, open: group.length })),
  );
}
