export { findDockerRegistry, startDockerRegistry, type DockerRegistry } from "./docker-registry.ts";
export { findProgram } from "./find-program.ts";
export { freePort } from "./free-port.ts";
export { findRedisServer, startRedisServer, type RedisServer } from "./redis-server.ts";
