export { checkBytes } from "./check-bytes.ts";
export { findRelease, type FoundRelease } from "./find-release.ts";
export { openRelease, readBlobPart, readManifestPart, type OpenRelease } from "./open-release.ts";
export { storeRelease } from "./store-release.ts";
export { copyRelease, type CopiedRelease } from "./copy-release.ts";
export { parseReleaseEntry, refuseTakenVersion, sortReleases } from "./release-entry.ts";
export type { ArchiveEntry } from "./archive-entry.ts";
export { packDirectory, type IsSecretAllowed, type PackedDirectory } from "./pack-directory.ts";
export { packEntries } from "./pack-entries.ts";
export { readArchive } from "./read-archive.ts";
export { createReleaseContentSource, readReleaseContent } from "./read-content.ts";
export { createReleaseFactsSource } from "./read-facts.ts";
export { parseReferrer } from "./parse-referrer.ts";
export { requireModestSizes } from "./referrer-bounds.ts";
export {
  addToSignatureTag,
  putSignatureTag,
  readSignatureTag,
  signatureTagOf,
  type SignatureTag,
} from "./signature-tag.ts";
