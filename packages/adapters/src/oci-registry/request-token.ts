import { z } from "zod";
import type { Challenge } from "./challenge.ts";
import type { RegistryCredentials } from "./credentials.ts";
import { refused, refusedAnswer, refusedCredentials } from "./failure.ts";
import type { Http, HttpRequest } from "./http.ts";
import { nestsTooDeep } from "./json-depth.ts";
import { isLoopback } from "./oci-location.ts";
import type { Persist } from "./persist.ts";

export type Token = { readonly header: string; readonly expiresAt: number };

export type TokenDeps = {
  readonly http: Http;
  readonly persist: Persist;
  readonly now: () => number;
  /** Of the registry that wants the token. */
  readonly origin: string;
  readonly credentials: RegistryCredentials | null;
};

const answerSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().nonnegative().max(1e9).optional(),
});
const MAX_ANSWER_BYTES = 1_048_576;
// What the token specification says when the server does not.
const DEFAULT_LIFETIME_S = 60;
// A token that ends while a request is on its way is refused.
const USED_SHARE_OF_LIFETIME = 0.9;

/**
 * Fetches a token for the scopes from the server that the challenge names: by password, by identity token, or for
 * everybody. Follows distribution.github.io/distribution/spec/auth. Throws `ReleaseError`.
 */
export async function requestToken(
  { parameters }: Challenge,
  scopes: readonly string[],
  deps: TokenDeps,
): Promise<Token> {
  const realm = requireRealm(parameters.get("realm") ?? "", deps.origin);
  const service = parameters.get("service") ?? null;
  const request = tokenRequest(realm, { service, scopes, credentials: deps.credentials });
  const { body, status, ...answer } = await deps.persist(() => deps.http(request));
  if (status !== 200) throw refusedAnswer(request, { body, status, ...answer }, secretsOf(deps.credentials));
  const parsed = answerSchema.safeParse(parseJson(body));
  const token = parsed.success ? (parsed.data.token ?? parsed.data.access_token ?? "") : "";
  // Whatever else it is, it must not become a second header.
  if (!parsed.success || !/^[\x21-\x7e]+$/.test(token)) {
    throw refusedCredentials(request, "an answer without a token, expected one");
  }
  const lifetimeMs = (parsed.data.expires_in ?? DEFAULT_LIFETIME_S) * 1000;
  return { header: `Bearer ${token}`, expiresAt: deps.now() + lifetimeMs * USED_SHARE_OF_LIFETIME };
}

export function basicHeader({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

export function secretsOf(credentials: RegistryCredentials | null): readonly string[] {
  if (credentials === null) return [];
  if (credentials.kind === "identityToken") return [credentials.token];
  return [credentials.password, basicHeader(credentials).slice("Basic ".length)].filter((secret) => secret !== "");
}

// Credentials travel to it: encrypted, or no further than the registry's own traffic does.
function requireRealm(realm: string, origin: string): URL {
  const [url, registry] = [URL.canParse(realm) ? new URL(realm) : null, new URL(origin)];
  const isEncrypted = url?.protocol === "https:";
  const isAsPlainAsRegistry =
    url?.protocol === "http:" &&
    registry.protocol === "http:" &&
    (isLoopback(url.hostname) || url.hostname === registry.hostname);
  if (url !== null && url.username + url.password === "" && (isEncrypted || isAsPlainAsRegistry)) return url;
  throw refused({
    message: `${registry.host} sends for tokens to ${url === null ? "no address" : url.origin}, expected an https address`,
    hint: "credentials are not sent there; ask whoever runs the registry about its token server",
  });
}

type Wanted = {
  readonly service: string | null;
  readonly scopes: readonly string[];
  readonly credentials: RegistryCredentials | null;
};

function tokenRequest(realm: URL, { service, scopes, credentials }: Wanted): HttpRequest {
  const named: [string, string][] = service === null ? [] : [["service", service]];
  if (credentials?.kind === "identityToken") {
    const form = new URLSearchParams([
      ["grant_type", "refresh_token"],
      ["refresh_token", credentials.token],
      ["client_id", "perch"],
      ["scope", scopes.join(" ")],
      ...named,
    ]);
    return {
      method: "POST",
      url: realm.href,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from(form.toString()),
      maxBytes: MAX_ANSWER_BYTES,
    };
  }
  const url = new URL(realm);
  for (const [name, value] of named) url.searchParams.append(name, value);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const headers: Record<string, string> = credentials === null ? {} : { authorization: basicHeader(credentials) };
  return { method: "GET", url: url.href, headers, maxBytes: MAX_ANSWER_BYTES };
}

function parseJson(body: Uint8Array): unknown {
  if (nestsTooDeep(body)) return null;
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    // Said once, by the caller: no token.
    return null;
  }
}
