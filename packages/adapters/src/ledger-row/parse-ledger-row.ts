import type { LedgerEntry } from "@perch/domain";

/** An entry of the ledger as a row of any SQL database. */
export function parseLedgerRow(row: Readonly<Record<string, unknown>>): LedgerEntry {
  return {
    sequence: Number(row["sequence"]),
    at: Number(row["at"]),
    subject: String(row["subject"]),
    type: String(row["type"]),
    body: parseBody(String(row["body"])),
    previousHash: String(row["previous_hash"]),
    hash: String(row["hash"]),
  };
}

/** What is no JSON was never appended: as text it does not have the entry's hash, so whoever checks the chain finds it. */
function parseBody(text: string): LedgerEntry["body"] {
  try {
    return JSON.parse(text) as LedgerEntry["body"];
  } catch {
    return text;
  }
}
