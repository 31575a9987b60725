export { findDockerRegistry, startDockerRegistry, type DockerRegistry } from "./docker-registry.ts";
export { findProgram } from "./find-program.ts";
export { freePort } from "./free-port.ts";
export { startHttpFront, type HttpFront, type SeenRequest } from "./http-front.ts";
export { findVersityGateway, S3_CREDENTIALS, startS3Server, type S3Server, type S3ServerKind } from "./s3-server.ts";
