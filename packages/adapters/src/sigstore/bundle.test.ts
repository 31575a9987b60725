import { generateKeyPairSync, sign } from "node:crypto";
import { digestOf } from "@perch/domain";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readBundle, signStatement } from "./bundle.ts";
import { preAuthEncoding } from "./dsse.ts";
import { findSigner } from "./find-signer.ts";
import { generateKeyPair, parseSigningKey, parseTrustedKey } from "./key.ts";
import { formatStatement, SIGN_PREDICATE } from "./statement.ts";

const pair = generateKeyPair();
const key = parseSigningKey(pair.privatePem, "k");
const trust = { keys: [parseTrustedKey(pair.publicPem, "p")], root: null };
const statement = formatStatement(digestOf("x"), { predicateType: SIGN_PREDICATE, predicate: {} });

type Json = Record<string, unknown>;
type BundleJson = {
  verificationMaterial: Json;
  dsseEnvelope: { payload: string; payloadType: string; signatures: Json[] };
};

function aBundle(change: (bundle: BundleJson) => unknown = (bundle) => bundle): Uint8Array {
  const bundle = JSON.parse(Buffer.from(signStatement(statement, key)).toString()) as BundleJson;
  return Buffer.from(JSON.stringify(change(bundle)));
}

function verdictOn(bytes: Uint8Array): string {
  const reading = readBundle(bytes);
  if (reading.kind === "unreadable") return reading.reason;
  const signer = findSigner(reading, trust);
  return signer.kind === "found" ? "good" : signer.reason;
}

const withEnvelope =
  (change: Json) =>
  (bundle: BundleJson): unknown => ({
    ...bundle,
    dsseEnvelope: { ...bundle.dsseEnvelope, ...change },
  });

test("a bundle as it was signed is good", () => {
  expect(verdictOn(aBundle())).toBe("good");
});

describe("a bundle is refused, and not crashed on,", () => {
  test.each([
    ["that is empty", Buffer.from(""), "no Sigstore bundle"],
    ["that is a list", Buffer.from("[]"), "its type is not given"],
    ["that is no UTF-8", Buffer.from([0x22, 0xff, 0x22]), "no Sigstore bundle"],
    [
      "that is nested a million deep",
      Buffer.from(`{"mediaType":${"[".repeat(1e6)}${"]".repeat(1e6)}}`),
      "its type is not given",
    ],
    ["that is cut short", aBundle().subarray(0, 200), "no Sigstore bundle"],
    [
      "of another version",
      aBundle((bundle) => ({ ...bundle, mediaType: "application/vnd.dev.sigstore.bundle.v0.2+json" })),
      "its type is",
    ],
    ["without an envelope", aBundle((bundle) => ({ ...bundle, dsseEnvelope: undefined })), "it holds no DSSE envelope"],
    [
      "without anything about its key",
      aBundle((bundle) => ({ ...bundle, verificationMaterial: undefined })),
      "cannot be read",
    ],
    ["with an empty envelope", aBundle(withEnvelope({ payload: "" })), "no Sigstore bundle"],
    ["without signatures", aBundle(withEnvelope({ signatures: [] })), "its envelope holds 0 signatures, not one"],
    ["with a signature that is empty", aBundle(withEnvelope({ signatures: [{ sig: "" }] })), "no Sigstore bundle"],
    [
      "with a payload of another type",
      aBundle(withEnvelope({ payloadType: "text/plain" })),
      'its payload is "text/plain"',
    ],
    ["with a payload of another statement", aBundle(withEnvelope({ payload: "e30=" })), "its statement cannot be read"],
    [
      "with several signatures, of which one is good",
      aBundle((bundle) => withEnvelope({ signatures: [...bundle.dsseEnvelope.signatures, { sig: "AAAA" }] })(bundle)),
      "its envelope holds 2 signatures, not one",
    ],
    [
      "with base64 that is spelled otherwise",
      aBundle((bundle) => withEnvelope({ payload: bundle.dsseEnvelope.payload.replace(/=*$/, "\n") })(bundle)),
      "its envelope or its key cannot be read",
    ],
    [
      "with a certificate that is none",
      aBundle((bundle) => ({ ...bundle, verificationMaterial: { certificate: { rawBytes: "AAAA" } } })),
      "it names a certificate",
    ],
    [
      "with one byte of the payload altered",
      aBundle((bundle) =>
        withEnvelope({
          payload: Buffer.from(statement.toString().replace('"predicate":{}', '"predicate":[]')).toString("base64"),
        })(bundle),
      ),
      "no trusted key made it",
    ],
  ])("%s", (_, bytes, reason) => {
    expect(verdictOn(bytes)).toContain(reason);
  });

  test.each([
    ["RSA", generateKeyPairSync("rsa", { modulusLength: 2048 }), "sha256"],
    ["P-384", generateKeyPairSync("ec", { namedCurve: "P-384" }), "sha384"],
    ["Ed25519", generateKeyPairSync("ed25519"), undefined],
  ] as const)("that a key of kind %s signed", (_, { privateKey }, hash) => {
    const signature = sign(hash, preAuthEncoding("application/vnd.in-toto+json", statement), privateKey);
    const bytes = aBundle(withEnvelope({ signatures: [{ sig: signature.toString("base64") }] }));
    expect(verdictOn(bytes)).toContain("no trusted key made it");
  });

  test("whose signature is any bytes", () => {
    for (const signature of [
      "AAAA",
      Buffer.alloc(72, 0xff).toString("base64"),
      Buffer.alloc(100_000).toString("base64"),
    ]) {
      expect(verdictOn(aBundle(withEnvelope({ signatures: [{ sig: signature }] })))).toContain(
        "no trusted key made it",
      );
    }
  });
});

describe("of a bundle with bytes altered anywhere", () => {
  const original = Buffer.from(aBundle());
  const anyAlteration = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });

  test("nothing crashes, and it is good only when what is signed and the signature stayed as they were", () => {
    const signed = (bytes: Uint8Array): string => {
      const reading = readBundle(bytes);
      return reading.kind === "read" ? JSON.stringify(reading.bundle.content.dsseEnvelope) : "unreadable";
    };
    fc.assert(
      fc.property(anyAlteration, (alterations) => {
        const bytes = Buffer.from(original);
        for (const [position, byte] of alterations) bytes[position] = byte;
        const verdict = verdictOn(bytes);
        expect(verdict === "good" && signed(bytes) !== signed(original)).toBe(false);
      }),
      { numRuns: 3_000 },
    );
  });
});
