export { createOciRegistry, type OciRegistryOptions } from "./oci-registry.ts";
export { isOciLocation, parseOciLocation, formatOciLocation, type OciLocation } from "./oci-location.ts";
export { createCredentialSource, type CredentialSource, type RegistryCredentials } from "./credentials.ts";
