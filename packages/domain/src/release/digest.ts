import { hash } from "node:crypto";
import { z } from "zod";
import { ReleaseError } from "./error.ts";

/** `sha256:` and 64 lower-case hex digits: the identity of a blob, a component or a release. */
export type Digest = string & { readonly brand: "Digest" };

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** Throws `ReleaseError` `digest_malformed` for anything but `sha256:<64 hex digits>`. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text as Digest;
  throw new ReleaseError({
    code: "digest_malformed",
    message: `found ${JSON.stringify(text.slice(0, 100))}, expected "sha256:" and 64 lower-case hex digits`,
    hint: "copy the digest from `perch release list`",
  });
}

/** A digest in a document; what is wrong with another text is one of the document's problems. */
export const digestSchema = z
  .string()
  .regex(DIGEST, '"sha256:" and 64 lower-case hex digits')
  .transform((text) => parseDigest(text));

export function digestOf(bytes: Uint8Array | string): Digest {
  return parseDigest(`sha256:${hash("sha256", bytes)}`);
}
