import { join, resolve } from "node:path";
import { parsePostgresAddress, readPostgresLedger } from "@perch/adapters/postgres";
import { createSqliteLedger, readServerDatabase } from "@perch/adapters/sqlite";
import type { Ledger, LedgerEntry } from "@perch/domain";
import { createApiClient } from "../api-client.ts";
import { parseEntry } from "./parse-entry.ts";
import { readExport } from "./read-export.ts";

/** Where a ledger is read from: a server, or what a server keeps, without one. */
export type LedgerPlace =
  | { readonly kind: "server"; readonly url: string }
  | { readonly kind: "data"; readonly directory: string }
  | { readonly kind: "database"; readonly url: string }
  | { readonly kind: "export"; readonly file: string };

/** Every entry as it stands there, checked for nothing but its form. */
export async function readLedger(place: LedgerPlace): Promise<readonly LedgerEntry[]> {
  switch (place.kind) {
    case "server":
      return await readFromServer(place.url);
    case "data":
      return await readAllOf(createSqliteLedger(readServerDatabase(serverFile(place.directory))));
    case "database":
      return await readAllOf(await readPostgresLedger(parsePostgresAddress(place.url)));
    case "export":
      return await readExport(place.file);
  }
}

/** As people see it. */
export function nameOf(place: LedgerPlace): string {
  switch (place.kind) {
    case "server":
      return `the server at ${place.url}`;
    case "data":
      return serverFile(place.directory);
    case "database":
      return parsePostgresAddress(place.url).shown;
    case "export":
      return place.file;
  }
}

async function readFromServer(url: string): Promise<readonly LedgerEntry[]> {
  const client = createApiClient(url);
  const entries: LedgerEntry[] = [];
  for (let after: number | null = 0; after !== null;) {
    const page = await client.ledgerPage(after);
    for (const entry of page.entries) entries.push(parseEntry(entry));
    after = page.next;
  }
  return entries;
}

async function readAllOf(ledger: Pick<Ledger, "readAll" | "close">): Promise<readonly LedgerEntry[]> {
  try {
    return await ledger.readAll(0);
  } finally {
    await ledger.close();
  }
}

function serverFile(directory: string): string {
  return join(resolve(directory), "server", "server.sqlite");
}
