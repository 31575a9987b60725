export { openChdbTraceStore, type OpenTraceStore } from "./open-chdb.ts";
export { createClickHouseTraceStore } from "./trace-store.ts";
export { createClickHouseCohortSource } from "./cohort-source.ts";
export { createClickHouseSessionSource } from "./session-source.ts";
export { createClickHousePairSource } from "./pair-source.ts";
export { createClickHouseWriteCallSource } from "./write-call-source.ts";
export { migrate } from "./migrate.ts";
