import { parseOciManifest, ReleaseError, type Descriptor, type OciManifest } from "@perch/domain";

/** A manifest that refers to another one. Throws `ReleaseError` `layout_invalid` for one that refers to none. */
export function parseReferrer(bytes: Uint8Array): OciManifest & { readonly subject: Descriptor } {
  const manifest = parseOciManifest(bytes, "the referrer");
  const { subject } = manifest;
  if (subject !== undefined) return { ...manifest, subject };
  throw new ReleaseError({
    code: "layout_invalid",
    message: "found a manifest without a subject, expected one that refers to another manifest",
    hint: "attach signatures and attestations, which name what they are about",
  });
}
