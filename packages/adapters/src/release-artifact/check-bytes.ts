import { digestOf, ReleaseError, type ExpectedBytes } from "@perch/domain";

/** The bytes themselves if they are the expected ones. Throws `ReleaseError` `digest_mismatch`. `where` names the place. */
export function checkBytes(bytes: Uint8Array, { digest, size }: ExpectedBytes, where: string): Uint8Array {
  if (bytes.length === size && digestOf(bytes) === digest) return bytes;
  throw new ReleaseError({
    code: "digest_mismatch",
    message: `found other bytes under ${digest} in ${where}: the blob was altered or damaged`,
    hint: "copy the release again from where it was built, or build and sign it again",
  });
}
