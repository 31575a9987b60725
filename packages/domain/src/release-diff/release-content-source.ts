import type { ReleaseReference } from "../release/reference.ts";
import type { ReleaseContent } from "./release-content.ts";

/**
 * Reads a release whole, every byte checked against its digest. Says nothing about who signed it. Throws `ReleaseError`
 * (`release_unknown`, `digest_mismatch`, `layout_invalid`, and what the registry throws).
 */
export interface ReleaseContentSource {
  read(reference: ReleaseReference): Promise<ReleaseContent>;
}
