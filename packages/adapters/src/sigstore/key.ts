import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { shortKeyId } from "@perch/domain";
import { invalidKey } from "./key-error.ts";
import { parsePem } from "./pem.ts";

/** A public key whose signatures count. */
export type TrustedKey = {
  readonly publicKey: KeyObject;
  /** The SHA-256 of the key in DER, in hex: what tells keys apart. */
  readonly keyId: string;
  /** Its first 16 digits: short enough to compare by eye. */
  readonly fingerprint: string;
};

export type SigningKey = TrustedKey & { readonly privateKey: KeyObject };

export type KeyPairPem = { readonly privatePem: string; readonly publicPem: string; readonly fingerprint: string };

const MAKE_ONE = "make a pair with `perch key generate --out DIR`";

/** A new ECDSA P-256 key pair: PKCS #8 and SPKI, as PEM, the kind of key that cosign makes. */
export function generateKeyPair(): KeyPairPem {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    fingerprint: trustedKey(publicKey).fingerprint,
  };
}

/**
 * An unencrypted private key; `openSigningKey` reads encrypted ones too. Throws `ReleaseError` `key_invalid`; `what` names
 * the file in the message, which never repeats its contents.
 */
export function parseSigningKey(pem: string, what: string): SigningKey {
  const { label, bytes } = parsePem(pem, { what, expected: "private key" });
  if (label === "EC PRIVATE KEY") return readPrivateKey(bytes, "sec1", what);
  if (label === "PRIVATE KEY") return readPrivateKey(bytes, "pkcs8", what);
  if (label === "ENCRYPTED SIGSTORE PRIVATE KEY" || label === "ENCRYPTED COSIGN PRIVATE KEY") {
    throw invalidKey(`an encrypted key in ${what}`, "an unencrypted one", "give its password");
  }
  if (label === "ENCRYPTED PRIVATE KEY") {
    const hint =
      "decrypt it (`openssl pkcs8 -in FILE -out PLAIN`); `cosign import-key-pair --key PLAIN` encrypts it anew";
    throw invalidKey(
      `a key in ${what} that is encrypted by PKCS #8`,
      "one encrypted by cosign or perch, or not at all",
      hint,
    );
  }
  throw invalidKey(`${what}, which holds no private key but a ${label}`, "an ECDSA P-256 private key", MAKE_ONE);
}

/** Throws `ReleaseError` `key_invalid`. */
export function parseTrustedKey(pem: string, what: string): TrustedKey {
  if (pem.includes("PRIVATE KEY")) {
    const hint = "trust the .pub file, and keep the private key to yourself";
    throw invalidKey(`a private key in ${what}`, "a public key", hint);
  }
  const { label, bytes } = parsePem(pem, { what, expected: "public key" });
  if (label === "CERTIFICATE") {
    const hint = "trust an identity by a trust policy, or extract the key: openssl x509 -noout -pubkey -in FILE";
    throw invalidKey(`a certificate in ${what}`, "a public key", hint);
  }
  if (label !== "PUBLIC KEY") throw invalidKey(`a ${label} in ${what}`, "an ECDSA P-256 public key", MAKE_ONE);
  const read = (): KeyObject => createPublicKey({ key: bytes, format: "der", type: "spki" });
  const publicKey = readKey(read, `${what}, which holds no public key that can be read`);
  requireP256(publicKey, what);
  return trustedKey(publicKey);
}

/** A private key in DER. Throws `ReleaseError` `key_invalid`. */
export function readPrivateKey(der: Buffer, type: "pkcs8" | "sec1", what: string): SigningKey {
  const read = (): KeyObject => createPrivateKey({ key: der, format: "der", type });
  const privateKey = readKey(read, `${what}, which holds no private key that can be read`);
  requireP256(privateKey, what);
  return { privateKey, ...trustedKey(createPublicKey(privateKey)) };
}

/** How a Sigstore bundle names its key, as cosign writes it: the base64 SHA-256 of the public key in DER. */
export function keyHintOf({ keyId }: TrustedKey): string {
  return Buffer.from(keyId, "hex").toString("base64");
}

function trustedKey(publicKey: KeyObject): TrustedKey {
  const der = publicKey.export({ type: "spki", format: "der" });
  const keyId = createHash("sha256").update(der).digest("hex");
  return { publicKey, keyId, fingerprint: shortKeyId(keyId) };
}

function readKey(read: () => KeyObject, found: string): KeyObject {
  try {
    return read();
  } catch (cause) {
    throw invalidKey(found, "an ECDSA P-256 key", MAKE_ONE, cause);
  }
}

function requireP256(key: KeyObject, what: string): void {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === "ec" && curve === "prime256v1") return;
  const kind = `${key.asymmetricKeyType ?? "unknown"}${curve === undefined ? "" : ` (${curve})`}`;
  throw invalidKey(`a key of type ${kind} in ${what}`, "an ECDSA P-256 key", MAKE_ONE);
}
