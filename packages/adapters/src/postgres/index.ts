export { openPostgres, readPostgresLedger, type PostgresStore } from "./open-postgres.ts";
export { parsePostgresAddress, type PostgresAddress } from "./postgres-address.ts";
export { PostgresError, type PostgresErrorCode } from "./postgres-error.ts";
