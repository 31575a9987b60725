export { findDockerRegistry, startDockerRegistry, type DockerRegistry } from "./docker-registry.ts";
export { findProgram } from "./find-program.ts";
export { freePort } from "./free-port.ts";
export {
  anIdentityToken,
  startSigstoreServices,
  type SigstoreClocks,
  type SigstoreServices,
  type TrustedRootJson,
} from "./sigstore-services.ts";
