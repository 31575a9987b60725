export { inTransaction, openDatabase, type OpenDatabaseOptions } from "./open-database.ts";
export { SqliteError, type SqliteErrorCode } from "./sqlite-error.ts";
export { openGatewayDatabase } from "./open-gateway-database.ts";
export { createSqlitePinStore } from "./pin-store.ts";
export { createSqliteTurnOutbox } from "./turn-outbox.ts";
export { openServerDatabase } from "./open-server-database.ts";
export { createSqliteLedger } from "./ledger.ts";
export { createSqliteServerState } from "./server-state.ts";
export { takeProcessLock } from "./process-lock.ts";
