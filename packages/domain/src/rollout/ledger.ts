import { createHash } from "node:crypto";
import { canonicalJson, type JsonValue } from "../release/canonical-json.ts";

/** One recorded fact. Its hash covers everything else in it and the hash before it, so no entry can change unseen. */
export type LedgerEntry = {
  /** 1, 2, 3 … over all subjects. */
  readonly sequence: number;
  readonly at: number;
  /** What it is about: a rollout's id, or `agent/<name>`. */
  readonly subject: string;
  readonly type: string;
  readonly body: JsonValue;
  readonly previousHash: string;
  readonly hash: string;
};

export type NewLedgerEntry = Pick<LedgerEntry, "at" | "subject" | "type" | "body">;

/**
 * The append-only record of every decision and its evidence. An append that has resolved survives a power cut; it is
 * one transaction, so it is there whole or not at all.
 */
export interface Ledger {
  /**
   * Appends if the subject's last entry is still `expected` (0: it has none), else throws `LedgerError` `conflict` and
   * writes nothing: of two writers that saw the same state one wins.
   */
  append(entry: NewLedgerEntry, expected: number): Promise<LedgerEntry>;
  /** A subject's entries, oldest first; none for an unknown subject. */
  read(subject: string): Promise<readonly LedgerEntry[]>;
  /** Every entry after a sequence, oldest first. */
  readAll(afterSequence: number): Promise<readonly LedgerEntry[]>;
  close(): Promise<void>;
}

/** `conflict`: the subject has moved on. `broken`: the chain does not add up. `unreadable`: an entry of unknown form. */
export type LedgerErrorCode = "conflict" | "broken" | "unreadable";

export class LedgerError extends Error {
  override readonly name = "LedgerError";
  readonly code: LedgerErrorCode;
  readonly hint: string;
  constructor(problem: { code: LedgerErrorCode; message: string; hint: string; cause?: unknown }) {
    super(problem.message, { cause: problem.cause });
    this.code = problem.code;
    this.hint = problem.hint;
  }
}

/** What the first entry names as the hash before it. */
export const LEDGER_START = "0".repeat(64);

/** The entry as it follows `previous` (null: the first one): numbered and hashed. Every adapter appends exactly this. */
export function chainEntry(
  previous: Pick<LedgerEntry, "sequence" | "hash"> | null,
  entry: NewLedgerEntry,
): LedgerEntry {
  const sequence = (previous?.sequence ?? 0) + 1;
  const previousHash = previous?.hash ?? LEDGER_START;
  const { at, subject, type, body } = entry;
  return {
    sequence,
    at,
    subject,
    type,
    body,
    previousHash,
    hash: hashOf({ sequence, at, subject, type, body }, previousHash),
  };
}

/** Throws `LedgerError` `broken` and names the first entry that was changed, removed or put in. */
export function verifyChain(entries: readonly LedgerEntry[]): void {
  let previous: LedgerEntry | null = null;
  for (const entry of entries) {
    const expected = chainEntry(previous, entry);
    if (
      entry.sequence !== expected.sequence ||
      entry.previousHash !== expected.previousHash ||
      entry.hash !== expected.hash
    ) {
      throw new LedgerError({
        code: "broken",
        message: `entry ${entry.sequence} of the ledger has hash ${entry.hash}, expected ${expected.hash} as entry ${expected.sequence}`,
        hint: "the ledger was changed outside Perch: restore it from a backup, or look into who changed it",
      });
    }
    previous = entry;
  }
}

function hashOf(
  content: Pick<LedgerEntry, "sequence" | "at" | "subject" | "type" | "body">,
  previousHash: string,
): string {
  return createHash("sha256")
    .update(previousHash + canonicalJson(content))
    .digest("hex");
}
