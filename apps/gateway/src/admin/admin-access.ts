import { createHash, timingSafeEqual } from "node:crypto";
import { fieldOf, type Fields } from "../http1/fields.ts";
import type { Refusal } from "../problem.ts";

/** Null when somebody may see the gateway's pages. */
export type AdminAccess = (fields: Fields, remoteAddress: string) => Refusal | null;

/** Clients of this machine may; others with the token, if there is one. */
export function createAdminAccess(token: string | null): AdminAccess {
  const expected = token === null ? null : digestOf(token);
  return (fields, remoteAddress) => {
    if (isLocal(remoteAddress)) return null;
    if (expected === null) return NOT_LOCAL;
    const [, given] = /^Bearer +(\S+) *$/i.exec(fieldOf(fields, "authorization") ?? "") ?? [];
    return given !== undefined && timingSafeEqual(digestOf(given), expected) ? null : WRONG_TOKEN;
  };
}

/** Of one length, whatever was given. */
function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function isLocal(address: string): boolean {
  return address.startsWith("127.") || address === "::1" || address.startsWith("::ffff:127.");
}

const NOT_LOCAL: Refusal = {
  status: 403,
  code: "local_only",
  message: "this page is answered to clients of the gateway's own machine only",
  hint: "ask it there, over the loopback address, or start the gateway with --admin-token-file",
};

const WRONG_TOKEN: Refusal = {
  status: 401,
  code: "token_required",
  message: "this page is answered to clients of other machines only with the gateway's admin token",
  hint: "send `authorization: Bearer TOKEN`; --admin-token-file of the gateway names its file",
};
