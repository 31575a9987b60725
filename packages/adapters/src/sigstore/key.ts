import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { ReleaseError } from "@perch/domain";

/** A public key whose signatures count. */
export type TrustedKey = {
  readonly publicKey: KeyObject;
  /** The first 16 hex digits of the SHA-256 of the key in DER: short enough to compare by eye. */
  readonly fingerprint: string;
};

export type SigningKey = TrustedKey & { readonly privateKey: KeyObject };

export type KeyPairPem = { readonly privatePem: string; readonly publicPem: string; readonly fingerprint: string };

/** A new ECDSA P-256 key pair: PKCS #8 and SPKI, as PEM, the kind of key that cosign makes. */
export function generateKeyPair(): KeyPairPem {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    fingerprint: fingerprintOf(publicKey),
  };
}

/** Throws `ReleaseError` `key_invalid`; `what` names the file in the message, which never repeats its contents. */
export function parseSigningKey(pem: string, what: string): SigningKey {
  if (pem.includes("ENCRYPTED")) {
    throw invalid(
      `an encrypted key in ${what}`,
      "an unencrypted PKCS #8 PEM key",
      "make one with `perch key generate`",
    );
  }
  const privateKey = readKey(() => createPrivateKey(pem), `${what}, which holds no private key in PEM`);
  requireP256(privateKey, what);
  const publicKey = createPublicKey(privateKey);
  return { privateKey, publicKey, fingerprint: fingerprintOf(publicKey) };
}

/** Throws `ReleaseError` `key_invalid`. */
export function parseTrustedKey(pem: string, what: string): TrustedKey {
  if (pem.includes("PRIVATE KEY")) {
    throw invalid(
      `a private key in ${what}`,
      "a public key",
      "trust the .pub file, and keep the private key to yourself",
    );
  }
  const publicKey = readKey(() => createPublicKey(pem), `${what}, which holds no public key in PEM`);
  requireP256(publicKey, what);
  return { publicKey, fingerprint: fingerprintOf(publicKey) };
}

/** How a Sigstore bundle names its key, as cosign writes it: the base64 SHA-256 of the public key in DER. */
export function keyHintOf(publicKey: KeyObject): string {
  return sha256Of(publicKey).toString("base64");
}

function fingerprintOf(publicKey: KeyObject): string {
  return sha256Of(publicKey).toString("hex").slice(0, 16);
}

function sha256Of(publicKey: KeyObject): Buffer {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest();
}

function readKey(read: () => KeyObject, found: string): KeyObject {
  try {
    return read();
  } catch (cause) {
    throw invalid(found, "an ECDSA P-256 key", "make a pair with `perch key generate --out DIR`", cause);
  }
}

function requireP256(key: KeyObject, what: string): void {
  if (key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1") return;
  const found = `a key of type ${key.asymmetricKeyType ?? "unknown"} in ${what}`;
  throw invalid(found, "an ECDSA P-256 key", "make a pair with `perch key generate --out DIR`");
}

function invalid(...[found, expected, hint, cause]: [string, string, string, unknown?]): ReleaseError {
  return new ReleaseError({ code: "key_invalid", message: `found ${found}, expected ${expected}`, hint, cause });
}
