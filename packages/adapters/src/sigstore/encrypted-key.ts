import { randomBytes, scrypt } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { z } from "zod";
import { decodeBase64 } from "./base64.ts";
import { parseSigningKey, readPrivateKey, type SigningKey } from "./key.ts";
import { invalidKey } from "./key-error.ts";
import { formatPem, parsePem } from "./pem.ts";

// The key file of cosign: JSON as the Go library go-securesystemslib (package `encrypted`) writes it, in PEM.
const LABEL = "ENCRYPTED SIGSTORE PRIVATE KEY";
const OLD_LABEL = "ENCRYPTED COSIGN PRIVATE KEY";

// The costs that that library writes and accepts. A file may name no other: one could hang or exhaust whoever opens it.
const COSTS = [2 ** 15, 2 ** 16, 2 ** 17] as const;
const COST = 2 ** 16;
const BLOCK_SIZE = 8;
const KEY_BYTES = 32;
const SALT_BYTES = 32;
const NONCE_BYTES = 24;

const bytesSchema = z.string().transform((text, context) => {
  const bytes = decodeBase64(text);
  if (bytes !== null) return bytes;
  context.addIssue({ code: "custom", message: "base64" });
  return z.NEVER;
});
const fileSchema = z.object({
  kdf: z.object({
    name: z.literal("scrypt"),
    params: z.object({
      N: z.union(COSTS.map((cost) => z.literal(cost))),
      r: z.literal(BLOCK_SIZE),
      p: z.literal(1),
    }),
    salt: bytesSchema.refine((salt) => salt.length === SALT_BYTES),
  }),
  cipher: z.object({
    name: z.literal("nacl/secretbox"),
    nonce: bytesSchema.refine((nonce) => nonce.length === NONCE_BYTES),
  }),
  ciphertext: bytesSchema,
});

/** A private key, encrypted or not; the password is asked for only where it is needed. Throws `ReleaseError` `key_invalid`. */
export async function openSigningKey(pem: string, what: string, password: () => Promise<string>): Promise<SigningKey> {
  if (!isEncryptedKey(pem)) return parseSigningKey(pem, what);
  const file = parseFile(parsePem(pem, { what, expected: "private key" }).bytes, what);
  const key = await deriveKey(await password(), file.kdf.salt, file.kdf.params.N);
  return readPrivateKey(decrypt(file, key, what), "pkcs8", what);
}

export function isEncryptedKey(pem: string): boolean {
  return [LABEL, OLD_LABEL].some((label) => pem.includes(`-----BEGIN ${label}-----`));
}

/** The key file that cosign makes of a private key. */
export async function encryptSigningKey({ privateKey }: SigningKey, password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const der = privateKey.export({ type: "pkcs8", format: "der" });
  const ciphertext = xsalsa20poly1305(await deriveKey(password, salt, COST), nonce).encrypt(der);
  const file = {
    kdf: { name: "scrypt", params: { N: COST, r: BLOCK_SIZE, p: 1 }, salt: salt.toString("base64") },
    cipher: { name: "nacl/secretbox", nonce: nonce.toString("base64") },
    ciphertext: Buffer.from(ciphertext).toString("base64"),
  };
  return formatPem(LABEL, Buffer.from(JSON.stringify(file)));
}

type EncryptedFile = z.infer<typeof fileSchema>;

function parseFile(bytes: Buffer, what: string): EncryptedFile {
  try {
    return fileSchema.parse(JSON.parse(bytes.toString()));
  } catch {
    // Without its cause, which would repeat parts of the file.
    const expected = `scrypt with N of ${COSTS.join(", ")}, r of ${BLOCK_SIZE}, p of 1, and nacl/secretbox, as cosign writes them`;
    throw invalidKey(
      `an encrypted key in ${what} that cannot be read`,
      expected,
      "make one with `perch key generate --encrypt`",
    );
  }
}

function decrypt({ cipher, ciphertext }: EncryptedFile, key: Uint8Array, what: string): Buffer {
  try {
    return Buffer.from(xsalsa20poly1305(key, cipher.nonce).decrypt(ciphertext));
  } catch (cause) {
    throw invalidKey(
      `a wrong password for ${what}, or an altered file`,
      "the password that the key was made with",
      "try again",
      cause,
    );
  }
}

function deriveKey(password: string, salt: Buffer, cost: number): Promise<Uint8Array> {
  const maxmem = 2 * 128 * cost * BLOCK_SIZE;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, { N: cost, r: BLOCK_SIZE, p: 1, maxmem }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
