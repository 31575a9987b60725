import type { Digest } from "../release/digest.ts";
import type { AgentName } from "../routing/ids.ts";
import type { TransactionConflict } from "./merge-reports.ts";
import type { OpenTransaction, TransactionKey, TransactionReport } from "./transaction.ts";

/** How many transactions of a release are open; `release` null: of one that is not known. */
export type OpenCount = { readonly agent: AgentName; readonly release: Digest | null; readonly open: number };

export type OpenTransactionQuery = {
  readonly agent: AgentName;
  /** Null: those of which the release is not known. */
  readonly release: Digest | null;
  readonly limit: number;
  /** Only those behind this one, in the order of the answer. */
  readonly after: Pick<OpenTransaction, "openedAt" | "tool" | "id"> | null;
};

/**
 * Which transactions of tools are open. Beside the ledger, since a drain is decided by it: nothing in it expires while it is open,
 * and a change that has resolved survives a power cut. Every call throws where the store cannot be used.
 */
export interface TransactionStore {
  /**
   * All reports or none. What is known already changes nothing, and what is closed stays closed, also where its opening arrives
   * later. An opening under a name that another session's transaction has is a conflict: then nothing is stored, and all
   * conflicts are given.
   */
  record(reports: readonly TransactionReport[]): Promise<readonly TransactionConflict[]>;
  /** By agent and release; nothing of releases without any. */
  openCounts(): Promise<readonly OpenCount[]>;
  /** In the order in which they were opened; of one moment by tool, then by id, as their UTF-8 bytes compare. */
  open(query: OpenTransactionQuery): Promise<readonly OpenTransaction[]>;
  /** One that is open and of `from` (null: not known whose) is of `to` from now on; anything else stays as it is. */
  reassign(key: TransactionKey, change: { readonly from: Digest | null; readonly to: Digest }): Promise<void>;
  /** Those that were closed before; until then their names are not free. */
  forgetClosed(before: number): Promise<void>;
}
