export { createDirectoryRegistry } from "./directory-registry.ts";
export { writeFileAtomically } from "./write-file-atomically.ts";
