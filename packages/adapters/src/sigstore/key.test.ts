import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { encryptSigningKey, isEncryptedKey, openSigningKey } from "./encrypted-key.ts";
import { generateKeyPair, parseSigningKey, parseTrustedKey } from "./key.ts";
import { formatPem } from "./pem.ts";

const pair = generateKeyPair();
const key = parseSigningKey(pair.privatePem, "perch.key");

const pkcs8 = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
const spki = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();
const fixture = (name: string): Promise<string> =>
  readFile(fileURLToPath(new URL(`./__fixtures__/${name}`, import.meta.url)), "utf8");
const CERTIFICATE = formatPem("CERTIFICATE", Buffer.from("any bytes"));

function thrownBy(act: () => unknown): string {
  try {
    act();
    return "nothing";
  } catch (error) {
    return error instanceof Error ? `${error.name} ${error.message}` : String(error);
  }
}

describe("a key of another kind is refused", () => {
  test.each([
    ["RSA", generateKeyPairSync("rsa", { modulusLength: 2048 }), "type rsa"],
    ["P-384", generateKeyPairSync("ec", { namedCurve: "P-384" }), "type ec (secp384r1)"],
    ["Ed25519", generateKeyPairSync("ed25519"), "type ed25519"],
  ])("%s", (_, { privateKey, publicKey }, found) => {
    const message = `ReleaseError found a key of ${found} in k, expected an ECDSA P-256 key`;
    expect(thrownBy(() => parseSigningKey(pkcs8(privateKey), "k"))).toBe(message);
    expect(thrownBy(() => parseTrustedKey(spki(publicKey), "k"))).toBe(message);
  });
});

describe("what is no key is refused without repeating it", () => {
  const altered = (pem: string): string => pem.replace(/\n.{10}/, "\n!hunter2!!");
  test.each([
    ["nothing", ""],
    ["a word", "hunter2"],
    ["base64 with a character that is none", altered(pair.privatePem)],
    ["base64 cut short", pair.privatePem.replace(/=*\n-----END/, "A\n-----END")],
    ["two keys", pair.privatePem + pair.privatePem],
    ["a key with text beside it", `${pair.privatePem}hunter2`],
    ["a huge file", "hunter2".repeat(10_000)],
    ["bytes of another thing", formatPem("PRIVATE KEY", Buffer.from("hunter2"))],
    ["an unknown label", formatPem("SECRET", Buffer.from("hunter2"))],
  ])("%s", (_, text) => {
    const asPrivate = thrownBy(() => parseSigningKey(text, "my.key"));
    const asPublic = thrownBy(() => parseTrustedKey(text.replaceAll("PRIVATE", "PUBLIC"), "my.pub"));
    expect(asPrivate).toMatch(/^ReleaseError found .*my\.key/);
    expect(asPublic).toMatch(/^ReleaseError found .*my\.pub/);
    expect(asPrivate + asPublic).not.toContain("hunter2");
  });

  test("a public key where a private one is expected, and the other way round", () => {
    expect(thrownBy(() => parseSigningKey(pair.publicPem, "k"))).toContain("holds no private key but a PUBLIC KEY");
    expect(thrownBy(() => parseTrustedKey(pair.privatePem, "k"))).toContain("found a private key in k");
  });

  test("a certificate, though it holds a key", () => {
    expect(thrownBy(() => parseTrustedKey(CERTIFICATE, "k"))).toContain(
      "found a certificate in k, expected a public key",
    );
  });

  test("a key that PKCS #8 encrypts", () => {
    const pem = key.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "p" });
    expect(thrownBy(() => parseSigningKey(pem.toString(), "k"))).toContain("encrypted by PKCS #8");
  });
});

test("the older form of an unencrypted private key is read", () => {
  const pem = key.privateKey.export({ type: "sec1", format: "pem" }).toString();
  expect(parseSigningKey(pem, "k").keyId).toBe(key.keyId);
});

describe("an encrypted key file", () => {
  const never = async (): Promise<string> => {
    throw new Error("asked for a password");
  };
  const secret = async (): Promise<string> => "secret";

  test("that cosign made opens with its password", async () => {
    const opened = await openSigningKey(await fixture("cosign.key"), "cosign.key", secret);
    expect(opened.keyId).toBe(parseTrustedKey(await fixture("cosign.pub"), "cosign.pub").keyId);
  });

  test("of cosign's older label opens too", async () => {
    const old = (await fixture("cosign.key")).replaceAll("SIGSTORE", "COSIGN");
    expect((await openSigningKey(old, "k", secret)).fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });

  test("that perch made opens with its password, and does not open with another", async () => {
    const pem = await encryptSigningKey(key, "pässwörd");
    expect(isEncryptedKey(pem)).toBe(true);
    expect((await openSigningKey(pem, "k", async () => "pässwörd")).keyId).toBe(key.keyId);
    await expect(openSigningKey(pem, "k", async () => "password")).rejects.toMatchObject({
      code: "key_invalid",
      message: expect.stringContaining("found a wrong password for k"),
    });
  });

  test("is different each time, also for the same key and password", async () => {
    expect(await encryptSigningKey(key, "p")).not.toBe(await encryptSigningKey(key, "p"));
  });

  test("is not needed for a key that is not encrypted: no password is asked for", async () => {
    expect((await openSigningKey(pair.privatePem, "k", never)).keyId).toBe(key.keyId);
  });

  const PARAMS = { N: 65_536, r: 8, p: 1 };
  const SALT = Buffer.alloc(32).toString("base64");
  const NONCE = Buffer.alloc(24).toString("base64");
  function aFile(parts: {
    params?: object;
    salt?: string;
    kdf?: string;
    cipher?: string;
    nonce?: string;
    ciphertext?: string;
  }): string {
    const {
      params = PARAMS,
      salt = SALT,
      kdf = "scrypt",
      cipher = "nacl/secretbox",
      nonce = NONCE,
      ciphertext = "AAAA",
    } = parts;
    const file = { kdf: { name: kdf, params, salt }, cipher: { name: cipher, nonce }, ciphertext };
    return formatPem("ENCRYPTED SIGSTORE PRIVATE KEY", Buffer.from(JSON.stringify(file)));
  }

  test.each([
    ["a cost that would exhaust memory", aFile({ params: { N: 2 ** 30, r: 8, p: 1 } })],
    ["a cost that would hang", aFile({ params: { N: 65_536, r: 8, p: 1_000_000 } })],
    ["a cost that is no number", aFile({ params: { N: "65536", r: 8, p: 1 } })],
    ["a cost too cheap to be anybody's", aFile({ params: { N: 2, r: 8, p: 1 } })],
    ["another derivation", aFile({ kdf: "argon2" })],
    ["another cipher", aFile({ cipher: "none" })],
    ["a short salt", aFile({ salt: "AAAA" })],
    ["a short nonce", aFile({ nonce: "AAAA" })],
    ["base64 of another alphabet", aFile({ salt: `${SALT.slice(0, -3)}_-=` })],
    ["no JSON", formatPem("ENCRYPTED SIGSTORE PRIVATE KEY", Buffer.from("hunter2"))],
  ])("with %s is refused before a password is asked for", async (_, pem) => {
    const refusal = expect(openSigningKey(pem, "k", never)).rejects;
    await refusal.toMatchObject({
      code: "key_invalid",
      message: expect.stringContaining("found an encrypted key in k that cannot be read"),
    });
  });

  test("whose ciphertext was altered or cut does not open", async () => {
    await expect(openSigningKey(aFile({}), "k", secret)).rejects.toMatchObject({ code: "key_invalid" });
    await expect(openSigningKey(aFile({ ciphertext: "" }), "k", secret)).rejects.toMatchObject({ code: "key_invalid" });
  });

  test("is refused where only an unencrypted one is read", async () => {
    const pem = await fixture("cosign.key");
    expect(thrownBy(() => parseSigningKey(pem, "k"))).toContain("found an encrypted key in k");
  });
});
