export { findDockerRegistry, startDockerRegistry, type DockerRegistry } from "./docker-registry.ts";
export { findProgram } from "./find-program.ts";
export { startClickHouseHttp, type ClickHouseHttp } from "./clickhouse-http.ts";
export { freePort } from "./free-port.ts";
export { findPostgres, startPostgresServer, type PostgresServer } from "./postgres-server.ts";
export { findRedisServer, startRedisServer, type RedisServer } from "./redis-server.ts";
export { startHttpFront, type HttpFront, type SeenRequest } from "./http-front.ts";
export { findVersityGateway, S3_CREDENTIALS, startS3Server, type S3Server, type S3ServerKind } from "./s3-server.ts";
export {
  anIdentityToken,
  startSigstoreServices,
  type SigstoreClocks,
  type SigstoreServices,
  type TrustedRootJson,
} from "./sigstore-services.ts";
export { startHttpServer, type HttpHandler, type HttpServer, type ReceivedRequest } from "./http-server.ts";
export { startReferrersProxy } from "./referrers-proxy.ts";
export { startTokenServer, type TokenServer } from "./token-server.ts";
