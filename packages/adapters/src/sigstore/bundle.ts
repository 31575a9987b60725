import { bundleFromJSON, bundleToJSON, toDSSEBundle, type Bundle, type BundleWithDsseEnvelope } from "@sigstore/bundle";
import { z } from "zod";
import { decodeBase64 } from "./base64.ts";
import { preAuthEncoding } from "./dsse.ts";
import { keyHintOf, type SigningKey } from "./key.ts";
import { parseJson } from "./parse-json.ts";
import { signBytes } from "./sign-bytes.ts";
import { IN_TOTO_TYPE, parseStatement, type Statement } from "./statement.ts";

export const BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** A bundle that holds one DSSE envelope over an in-toto statement. Nothing of it is verified. */
export type StatementBundle = { readonly bundle: BundleWithDsseEnvelope; readonly statement: Statement };

export type BundleReading =
  ({ readonly kind: "read" } & StatementBundle) | { readonly kind: "unreadable"; readonly reason: string };

// The library that reads bundles takes any spelling of base64; two spellings of one signature are one too many.
const base64Schema = z.string().refine((text) => decodeBase64(text) !== null);
const envelopeSchema = z.looseObject({
  payloadType: z.string(),
  payload: base64Schema,
  signatures: z.array(z.looseObject({ sig: base64Schema })),
});
const materialSchema = z.looseObject({ certificate: z.looseObject({ rawBytes: base64Schema }).optional() });

/** A Sigstore bundle (v0.3) with a signature by a key over an in-toto statement. */
export function signStatement(statement: Buffer, key: SigningKey): Uint8Array {
  const signature = signBytes(preAuthEncoding(IN_TOTO_TYPE, statement), key);
  const bundle = toDSSEBundle({ artifact: statement, artifactType: IN_TOTO_TYPE, signature, keyHint: keyHintOf(key) });
  // cosign compares a signature's key id with an id of its own and passes over one that differs: the hint alone names the key.
  bundle.content.dsseEnvelope.signatures = [{ sig: signature, keyid: "" }];
  return formatBundle(bundle);
}

export function formatBundle(bundle: Bundle): Uint8Array {
  return Buffer.from(JSON.stringify(bundleToJSON(bundle)));
}

export function readBundle(bytes: Uint8Array): BundleReading {
  const value = parseJson(bytes);
  if (typeof value !== "object" || value === null) return unreadable("it is no Sigstore bundle that can be read");
  const mediaType: unknown = Reflect.get(value, "mediaType");
  if (mediaType !== BUNDLE_TYPE) return unreadable(`its type is ${shown(mediaType)}, not ${BUNDLE_TYPE}`);
  if (Reflect.get(value, "dsseEnvelope") === undefined) return unreadable("it holds no DSSE envelope");
  const envelope = envelopeSchema.safeParse(Reflect.get(value, "dsseEnvelope"));
  const material = materialSchema.safeParse(Reflect.get(value, "verificationMaterial"));
  if (!envelope.success || !material.success) return unreadable("its envelope or its key cannot be read");
  const { payloadType, signatures } = envelope.data;
  if (signatures.length !== 1) return unreadable(`its envelope holds ${signatures.length} signatures, not one`);
  if (payloadType !== IN_TOTO_TYPE) return unreadable(`its payload is ${shown(payloadType)}, not an in-toto statement`);
  return parsed(value);
}

function parsed(value: unknown): BundleReading {
  let bundle: Bundle;
  try {
    bundle = bundleFromJSON(value);
  } catch {
    return unreadable("it is no Sigstore bundle that can be read");
  }
  const { content } = bundle;
  if (content.$case !== "dsseEnvelope") return unreadable("it holds no DSSE envelope");
  const statement = parseStatement(content.dsseEnvelope.payload);
  if (statement === null) return unreadable("its statement cannot be read");
  return { kind: "read", bundle: { ...bundle, content }, statement };
}

function unreadable(reason: string): BundleReading {
  return { kind: "unreadable", reason };
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : "not given";
}
