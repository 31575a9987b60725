import { ReleaseError } from "@perch/domain";
import { TrustedRoot as TrustedRootMessage } from "@sigstore/protobuf-specs";
import { toTrustMaterial, type TrustMaterial } from "@sigstore/verify";
import { parseJson } from "./parse-json.ts";

/** The authorities and logs of a Sigstore deployment, public or private. */
export type TrustedRoot = { readonly material: TrustMaterial };

const TYPE = /^application\/vnd\.dev\.sigstore\.trustedroot(?:\+json;version=0\.\d|\.v0\.\d\+json)$/;

/** Reads Sigstore's trusted_root.json. Throws `ReleaseError` `trust_policy_invalid`. */
export function parseTrustedRoot(bytes: Uint8Array, what: string): TrustedRoot {
  const value = parseJson(bytes);
  const mediaType: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "mediaType") : undefined;
  if (typeof mediaType !== "string" || !TYPE.test(mediaType))
    throw invalid(`${what}, which is no Sigstore trusted root`);
  let material: TrustMaterial;
  try {
    material = toTrustMaterial(TrustedRootMessage.fromJSON(value));
  } catch (cause) {
    throw invalid(`${what} with an entry that cannot be read`, cause);
  }
  if (material.certificateAuthorities.length === 0) throw invalid(`${what} without certificate authorities`);
  return { material };
}

function invalid(found: string, cause?: unknown): ReleaseError {
  return new ReleaseError({
    code: "trust_policy_invalid",
    message: `found ${found}, expected Sigstore's trusted_root.json`,
    hint: "`cosign trusted-root create` makes one; the public deployment's lies in ~/.sigstore/root after `cosign initialize`",
    cause,
  });
}
