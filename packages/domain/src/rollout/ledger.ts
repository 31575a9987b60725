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
   * writes nothing: of two writers that saw the same state one wins. `epoch` is the writer's: unless it is the newest that
   * `ServerState` has given (0: none yet) it throws `deposed` and writes nothing, checked in the append's own transaction,
   * so a leader that slept through the election of the next one changes nothing when it wakes.
   */
  append(entry: NewLedgerEntry, expected: number, epoch: number): Promise<LedgerEntry>;
  /** A subject's entries, oldest first; none for an unknown subject. */
  read(subject: string): Promise<readonly LedgerEntry[]>;
  /** Every entry after a sequence, oldest first; the first `limit` of them where that is given. */
  readAll(afterSequence: number, limit?: number): Promise<readonly LedgerEntry[]>;
  close(): Promise<void>;
}

/**
 * `conflict`: the subject has moved on. `deposed`: somebody else leads now. `in_doubt`: whether the entry was written could
 * not be found out. `unavailable`: the store cannot be used; nothing was written. `broken`: the chain does not add up.
 * `unreadable`: an entry of unknown form.
 */
export type LedgerErrorCode = "conflict" | "deposed" | "in_doubt" | "unavailable" | "broken" | "unreadable";

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

/** What every adapter throws when the subject has moved on. */
export function conflictOf(subject: string, last: number, expected: number): LedgerError {
  return new LedgerError({
    code: "conflict",
    message: `the last entry about ${subject} is ${last}, expected ${expected}`,
    hint: "read the subject again and decide anew",
  });
}

/** What every adapter throws when a writer's epoch is not the newest. */
export function deposedBy(newest: number, epoch: number): LedgerError {
  return new LedgerError({
    code: "deposed",
    message: `found epoch ${newest} in the ledger's store, expected ${epoch}: another server leads now`,
    hint: "ask the server that leads; this one finds out by itself who that is",
  });
}

/** The hash that an entry must have. Throws for a body that JSON cannot say. */
export function hashOfEntry(entry: Omit<LedgerEntry, "hash">): string {
  const { sequence, at, subject, type, body, previousHash } = entry;
  return hashOf({ sequence, at, subject, type, body }, previousHash);
}

function hashOf(
  content: Pick<LedgerEntry, "sequence" | "at" | "subject" | "type" | "body">,
  previousHash: string,
): string {
  return createHash("sha256")
    .update(previousHash + canonicalJson(content))
    .digest("hex");
}
