export { createDirectoryRegistry } from "./directory-registry.ts";
export { findRelease } from "./find-release.ts";
export { openRelease, readPart, type OpenRelease } from "./open-release.ts";
export { storeRelease } from "./store-release.ts";
export { copyRelease, type CopiedRelease } from "./copy-release.ts";
export { packDirectory, type PackedDirectory } from "./pack-directory.ts";
export { readArchive, type ArchiveEntry } from "./read-archive.ts";
export { writeFileAtomically } from "./write-file-atomically.ts";
