import type { WriteCallSource } from "@perch/domain";
import type { ClickHouseClient } from "@clickhouse/client";
import { sessionsCalling } from "./sessions-calling.ts";

export function createClickHouseWriteCallSource(client: ClickHouseClient): WriteCallSource {
  return { sessionsCalling: (query) => sessionsCalling(client, query) };
}
