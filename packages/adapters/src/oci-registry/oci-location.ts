import { ReleaseError } from "@perch/domain";

/** A registry of the Distribution API, and the part of its repository names that all agents have in common. */
export type OciLocation = {
  /** `https://HOST[:PORT]`, or `http://…` where nothing is encrypted. */
  readonly origin: string;
  readonly path: string;
};

const LOCATION = /^oci(?<protocol>\+https?)?:\/\/(?<authority>[^/?#]+)\/(?<path>[^?#]+?)\/?$/;
// The grammar of repository names in the OCI distribution specification.
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
// An agent's name of up to 63 characters and a slash have to fit into the 255 of a repository's.
const LONGEST_PATH = 255;

export function isOciLocation(text: string): boolean {
  return /^oci(?:\+https?)?:/.test(text);
}

/**
 * `oci://HOST[:PORT]/PATH`: HTTPS, except for this very machine; `oci+http://` and `oci+https://` say which it is. Throws
 * `ReleaseError` `reference_malformed`.
 */
export function parseOciLocation(text: string): OciLocation {
  // What stands before an @ is a password more often than not, and is not repeated.
  if (text.includes("@")) throw malformed("a location with an @ in it");
  const { protocol = "", authority = "", path = "" } = LOCATION.exec(text)?.groups ?? {};
  const url = parseUrl(`https://${authority}`);
  if (url === null || path.length > LONGEST_PATH || !NAME.test(path))
    throw malformed(JSON.stringify(text.slice(0, 200)));
  const isPlain = protocol === "" ? isLoopback(url.hostname) : protocol === "+http";
  return { origin: new URL(`${isPlain ? "http" : "https"}://${authority}`).origin, path };
}

export function formatOciLocation({ origin, path }: OciLocation): string {
  const { protocol, hostname, host } = new URL(origin);
  const isPlain = protocol === "http:";
  if (isPlain === isLoopback(hostname)) return `oci://${host}/${path}`;
  return `oci+${isPlain ? "http" : "https"}://${host}/${path}`;
}

/** `hostname` as `URL` has it. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "127.0.0.1" || hostname === "[::1]";
}

function parseUrl(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && url.hostname !== "" && url.pathname === "/" ? url : null;
}

function malformed(found: string): ReleaseError {
  return new ReleaseError({
    code: "reference_malformed",
    message: `found ${found}, expected oci://HOST[:PORT]/PREFIX with a PREFIX of lower-case letters, digits and . _ - /`,
    hint: "credentials stand in PERCH_REGISTRY_USERNAME and PERCH_REGISTRY_PASSWORD, or come from `docker login`",
  });
}
