import { ledgerEntrySchema } from "@perch/api";
import type { LedgerEntry } from "@perch/domain";

/** Throws the `ZodError` of the schema. What comes out of JSON is JSON. */
export function parseEntry(value: unknown): LedgerEntry {
  const entry = ledgerEntrySchema.parse(value);
  return { ...entry, body: entry.body as LedgerEntry["body"] };
}
