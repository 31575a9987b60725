import { readFileSync } from "node:fs";
import { reasonOf } from "@perch/adapters/json-log";
import { GatewayError } from "../gateway-error.ts";

/** What lets clients of other machines see the gateway's pages: a file, the token itself, or nothing. */
export type AdminTokenSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "none" };

const LEAST_CHARACTERS = 16;

/** Throws `GatewayError` `secret_unusable`, which never tells the token. */
export function readAdminToken(source: AdminTokenSource): string | null {
  if (source.kind === "none") return null;
  const where = source.kind === "file" ? source.path : "PERCH_ADMIN_TOKEN";
  const token = (source.kind === "file" ? read(source.path) : source.text).trim();
  if (token.length >= LEAST_CHARACTERS && /^\S+$/.test(token)) return token;
  throw new GatewayError({
    code: "secret_unusable",
    message: `found ${token.length} characters in ${where}, expected one word of at least ${LEAST_CHARACTERS}`,
    hint: "make one with `openssl rand -hex 32 > FILE`",
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new GatewayError({
      code: "secret_unusable",
      message: `cannot read ${path}: ${reasonOf(error)}`,
      hint: "make one with `openssl rand -hex 32 > FILE`",
      cause: error,
    });
  }
}
