import { sign, verify } from "node:crypto";
import { bundleFromJSON, bundleToJSON, isBundleWithDsseEnvelope, toDSSEBundle, type Bundle } from "@sigstore/bundle";
import type { Digest } from "@perch/domain";
import { z } from "zod";
import { keyHintOf, type SigningKey, type TrustedKey } from "./key.ts";

export const BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
/** The predicate with which cosign 3 says "I sign this image", as opposed to attesting something about it. */
export const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1";
const IN_TOTO_TYPE = "application/vnd.in-toto+json";
const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";

const statementSchema = z.object({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })),
  predicateType: z.string(),
});

export type BundleVerdict =
  | { readonly kind: "good"; readonly signedBy: readonly string[] }
  | { readonly kind: "rejected"; readonly reason: string };

/** A Sigstore bundle (v0.3) that holds a DSSE envelope over an in-toto statement about the digest. */
export function signDigest(digest: Digest, key: SigningKey): Uint8Array {
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ digest: { sha256: digest.slice("sha256:".length) } }],
    predicateType: SIGN_PREDICATE,
    predicate: {},
  };
  const artifact = Buffer.from(JSON.stringify(statement));
  const signature = sign("sha256", preAuthEncoding(IN_TOTO_TYPE, artifact), key.privateKey);
  const keyHint = keyHintOf(key.publicKey);
  const bundle = toDSSEBundle({ artifact, artifactType: IN_TOTO_TYPE, signature, keyHint });
  return Buffer.from(JSON.stringify(bundleToJSON(bundle)));
}

/** Good only when a trusted key signed a statement that signs exactly this digest. */
export function verifyBundle(bytes: Uint8Array, digest: Digest, keys: readonly TrustedKey[]): BundleVerdict {
  const bundle = parseBundle(bytes);
  if (bundle === null) return rejected("it is no Sigstore bundle that can be read");
  if (!isBundleWithDsseEnvelope(bundle)) return rejected("it holds no DSSE envelope");
  const { payloadType, payload, signatures } = bundle.content.dsseEnvelope;
  if (payloadType !== IN_TOTO_TYPE)
    return rejected(`its payload is ${JSON.stringify(payloadType)}, not an in-toto statement`);
  const signed = preAuthEncoding(payloadType, payload);
  const signedBy = keys.filter((key) => signatures.some(({ sig }) => verify("sha256", signed, key.publicKey, sig)));
  if (signedBy.length === 0) return rejected(`no trusted key made it${hintOf(bundle)}`);
  const statement = statementSchema.safeParse(tryJson(payload));
  if (!statement.success) return rejected("its statement cannot be read");
  if (statement.data.predicateType !== SIGN_PREDICATE) return rejected("it attests something and does not sign");
  const signs = statement.data.subject.map((subject) => `sha256:${subject.digest["sha256"]}`);
  if (!signs.includes(digest)) return rejected(`it signs ${signs.join(", ") || "nothing"}`);
  return { kind: "good", signedBy: signedBy.map((key) => key.fingerprint) };
}

// DSSE protocol, "PAE": what is signed names its type and its length, so that it can be read in one way only.
function preAuthEncoding(payloadType: string, payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `),
    payload,
  ]);
}

function parseBundle(bytes: Uint8Array): Bundle | null {
  const value = tryJson(bytes);
  try {
    return value === undefined ? null : bundleFromJSON(value);
  } catch {
    return null;
  }
}

function hintOf(bundle: Bundle): string {
  const { content } = bundle.verificationMaterial;
  if (content.$case !== "publicKey") return "; it names a certificate, which is not supported";
  const fingerprint = Buffer.from(content.publicKey.hint, "base64").toString("hex").slice(0, 16);
  return fingerprint === "" ? "" : `; it names key ${fingerprint}`;
}

function rejected(reason: string): BundleVerdict {
  return { kind: "rejected", reason };
}

function tryJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
