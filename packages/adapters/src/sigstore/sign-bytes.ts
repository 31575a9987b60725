import { sign, verify } from "node:crypto";
import type { SigningKey, TrustedKey } from "./key.ts";

/** ECDSA over P-256 with SHA-256, in DER. */
export function signBytes(bytes: Uint8Array, { privateKey }: SigningKey): Buffer {
  return sign("sha256", bytes, privateKey);
}

/** The first of the keys that made the signature; null when none did. */
export function findKeyOf(signature: Uint8Array, bytes: Uint8Array, keys: readonly TrustedKey[]): TrustedKey | null {
  return keys.find(({ publicKey }) => verify("sha256", bytes, publicKey, signature)) ?? null;
}
