import { join } from "node:path";
import { openChdbTraceStore, openClickHouseTraceStore, type OpenTraceStore } from "@perch/adapters/clickhouse";
import type { ServerOptions } from "./options.ts";
import { readFlagFile } from "./read-flag-file.ts";

/** In the data directory, or at a ClickHouse server. */
export function openTraces({ clickhouse, retention }: ServerOptions, directory: string): Promise<OpenTraceStore> {
  if (clickhouse === null) return openChdbTraceStore({ directory: join(directory, "chdb"), retention });
  const { passwordFile, ...server } = clickhouse;
  if (passwordFile === null) return openClickHouseTraceStore({ ...server, retention });
  const password = readFlagFile("--clickhouse-password-file", passwordFile).replace(/\r?\n$/, "");
  return openClickHouseTraceStore({ ...server, password, retention });
}
