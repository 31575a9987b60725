/** How the connection to the server is, for people who look. */
export type SyncReport = {
  readonly isConnected: boolean;
  /** Connected or not since then. */
  readonly since: number;
  readonly connections: number;
  /** Why the last connection was lost, or could not be had. */
  readonly lastError: { readonly at: number; readonly reason: string } | null;
  /** Of the table in force: when it came, and how long it took to be in force and to be known by the server to be. */
  readonly table: {
    readonly receivedAt: number;
    readonly appliedMs: number;
    readonly acknowledgedMs: number | null;
  } | null;
};

export type SyncState = {
  connected(): void;
  disconnected(reason: string): void;
  applied(received: { readonly at: number; readonly appliedMs: number }): void;
  acknowledged(): void;
  report(): SyncReport;
};

export function createSyncState(now: () => number): SyncState {
  let report: SyncReport = { isConnected: false, since: now(), connections: 0, lastError: null, table: null };
  return {
    connected() {
      report = { ...report, isConnected: true, since: now(), connections: report.connections + 1 };
    },
    disconnected(reason) {
      const at = now();
      report = {
        ...report,
        isConnected: false,
        since: report.isConnected ? at : report.since,
        lastError: { at, reason },
      };
    },
    applied({ at, appliedMs }) {
      report = { ...report, table: { receivedAt: at, appliedMs, acknowledgedMs: null } };
    },
    acknowledged() {
      const { table } = report;
      if (table === null || table.acknowledgedMs !== null) return;
      report = { ...report, table: { ...table, acknowledgedMs: now() - table.receivedAt } };
    },
    report: () => report,
  };
}
