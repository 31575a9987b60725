export { findDockerRegistry, startDockerRegistry, type DockerRegistry } from "./docker-registry.ts";
export { findProgram } from "./find-program.ts";
export { freePort } from "./free-port.ts";
export { startHttpServer, type HttpHandler, type HttpServer, type ReceivedRequest } from "./http-server.ts";
export { startReferrersProxy } from "./referrers-proxy.ts";
export { startTokenServer, type TokenServer } from "./token-server.ts";
