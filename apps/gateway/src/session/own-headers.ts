import type { Pin, RequestHead } from "@perch/domain";
import { PIN_COOKIE, PIN_HEADER } from "./presented-pin.ts";
import { SESSION_COOKIE, SESSION_HEADER } from "./find-session.ts";

export type OwnHeaders = {
  readonly pin: Pin;
  readonly version: string;
  readonly pathPrefix: string;
  readonly isMinted: boolean;
  /** A pin for the client to keep; null when it has a good one. */
  readonly signed: { readonly text: string; readonly ttlMs: number } | null;
  /** What became of the release that the client asked for; null when it asked for none. */
  readonly override: "applied" | "ignored" | null;
};

/** Names and values in turn: who answers. */
export function releaseHeaders({ release }: Pin, version: string): readonly string[] {
  return ["x-perch-release", release, "x-perch-version", version];
}

/** Names and values in turn that the gateway adds to whatever answer. */
export function ownHeaders(head: RequestHead, own: OwnHeaders): readonly string[] {
  const { pin, version, pathPrefix, isMinted, signed, override } = own;
  const headers = [SESSION_HEADER, pin.session, ...releaseHeaders(pin, version)];
  const scope = `Path=${pathPrefix || "/"}; HttpOnly; SameSite=Lax${isSecure(head) ? "; Secure" : ""}`;
  if (isMinted) headers.push("set-cookie", `${SESSION_COOKIE}=${pin.session}; ${scope}`);
  if (signed !== null) {
    const seconds = Math.floor(signed.ttlMs / 1000);
    headers.push(PIN_HEADER, signed.text, "set-cookie", `${PIN_COOKIE}=${signed.text}; Max-Age=${seconds}; ${scope}`);
  }
  if (override !== null) headers.push("x-perch-override", override);
  return headers;
}

/** The client came over TLS to whoever stands in front of us. */
function isSecure(head: RequestHead): boolean {
  return /^\s*https\b/i.test(head.header("x-forwarded-proto") ?? "");
}
