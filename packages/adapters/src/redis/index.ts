export { parseRedisAddress, type RedisAddress } from "./redis-address.ts";
export { openRedisConnection, type RedisConnection } from "./redis-connection.ts";
export { RedisError, type RedisErrorCode } from "./redis-error.ts";
export { createRedisPinStore } from "./pin-store.ts";
