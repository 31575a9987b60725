import { decodeBase64 } from "./base64.ts";
import { invalidKey } from "./key-error.ts";

export type Pem = { readonly label: string; readonly bytes: Buffer };

const MOST_CHARACTERS = 32_768;
const BLOCK = /^\s*-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\s]+)-----END ([A-Z0-9 ]+)-----\s*$/;
const HINT = "make a pair with `perch key generate --out DIR`";

/** One block of PEM and nothing beside it; throws `ReleaseError` `key_invalid`, which never repeats the text. */
export function parsePem(text: string, { what, expected }: { readonly what: string; readonly expected: string }): Pem {
  if (text.length > MOST_CHARACTERS) throw invalidKey(`${text.length} characters in ${what}`, expected, HINT);
  const blocks = text.match(/-----BEGIN /g)?.length ?? 0;
  if (blocks > 1) throw invalidKey(`${blocks} blocks of PEM in ${what}`, `one, with ${expected}`, HINT);
  const [, label, body, end] = BLOCK.exec(text) ?? [];
  const bytes = body === undefined ? null : decodeBase64(body.replace(/\s+/g, ""));
  if (label === undefined || label !== end || bytes === null) {
    throw invalidKey(`${what}, which holds no ${expected} in PEM`, "an ECDSA P-256 key", HINT);
  }
  return { label, bytes };
}

/** PEM with lines of 64 characters (RFC 7468). */
export function formatPem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
