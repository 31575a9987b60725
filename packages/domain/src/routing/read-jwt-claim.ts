import { findInJson, type FoundInJson } from "./find-in-json.ts";
import { isSessionId } from "./ids.ts";

/** Larger tokens are left alone: no header of a sensible request is longer. */
const MOST_CHARACTERS = 8192;
const ABSENT: FoundInJson = { kind: "absent" };

/**
 * A claim out of a signed JSON Web Token (RFC 7519), its signature not looked at. Whatever is no such token, or has no usable
 * claim, is absent: a token is somebody else's text, and the request may well name its session in another place.
 */
export function readJwtClaim(token: string, claim: string): FoundInJson {
  if (token.length > MOST_CHARACTERS) return ABSENT;
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(token) ?? [];
  if (payload === undefined) return ABSENT;
  const pointer = claim.startsWith("/") ? claim : `/${claim.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  const found = findInJson(Buffer.from(payload, "base64url").toString("utf8"), pointer);
  return found.kind === "found" && isSessionId(found.value) ? found : ABSENT;
}
