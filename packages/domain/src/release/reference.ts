import { parseAgentName, type AgentName } from "../routing/ids.ts";
import { parseDigest, type Digest } from "./digest.ts";
import { ReleaseError } from "./error.ts";

/** Names one release for ever: `support@2.3.1` or `support@sha256:…`. */
export type ReleaseReference =
  | { readonly kind: "version"; readonly agent: AgentName; readonly version: string }
  | { readonly kind: "digest"; readonly agent: AgentName; readonly digest: Digest };

/** A name such as `stable` that is moved from release to release: a lower-case word, so that it is never a version. */
export type PointerName = string & { readonly brand: "PointerName" };
/** Names whatever release a pointer stands at: `support:stable`. */
export type ReleasePointer = { readonly kind: "pointer"; readonly agent: AgentName; readonly pointer: PointerName };
/** How a person names a release. */
export type ReleaseName = ReleaseReference | ReleasePointer;

/** `AGENT:current` names the release that new sessions meet. Rollouts move it; nobody else can. */
export const CURRENT_POINTER = parsePointerName("current");

// The regular expression that semver.org publishes, without capture groups.
const SEMVER =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/;

export function isSemanticVersion(text: string): boolean {
  return text.length <= 128 && SEMVER.test(text);
}

/** Throws `ReleaseError` `reference_malformed`, for a pointer too: it names another release tomorrow. */
export function parseReleaseReference(text: string): ReleaseReference {
  const name = parseReleaseName(text);
  if (name.kind !== "pointer") return name;
  throw malformed(text, '"agent@1.2.3" or "agent@sha256:…"', "a pointer moves: name the release that is meant");
}

/** Throws `ReleaseError` `reference_malformed`. */
export function parseReleaseName(text: string): ReleaseName {
  const [, agent, mark, rest = ""] = /^([^@:]+)([@:])(.*)$/s.exec(text) ?? [];
  if (agent !== undefined && mark === "@") {
    if (rest.startsWith("sha256:")) return { kind: "digest", agent: parseAgentName(agent), digest: parseDigest(rest) };
    if (isSemanticVersion(rest)) return { kind: "version", agent: parseAgentName(agent), version: rest };
  }
  if (agent !== undefined && mark === ":") {
    return { kind: "pointer", agent: parseAgentName(agent), pointer: parsePointerName(rest) };
  }
  throw malformed(
    text,
    '"agent@1.2.3", "agent@sha256:…" or "agent:pointer"',
    "`perch release list` shows every release with its agent, version and digest",
  );
}

/** Throws `ReleaseError` `reference_malformed`. */
export function parsePointerName(text: string): PointerName {
  if (/^[a-z][a-z0-9-]{0,62}$/.test(text)) return text as PointerName;
  throw malformed(
    text,
    "a pointer's name: a lower-case letter, then letters, digits and dashes",
    'a pointer is a word such as "stable"; a version stands behind an @: support@2.3.1',
  );
}

export function formatReleaseReference(name: ReleaseName): string {
  switch (name.kind) {
    case "version":
      return `${name.agent}@${name.version}`;
    case "digest":
      return `${name.agent}@${name.digest}`;
    case "pointer":
      return `${name.agent}:${name.pointer}`;
  }
}

function malformed(found: string, expected: string, hint: string): ReleaseError {
  const message = `found ${JSON.stringify(found.slice(0, 200))}, expected ${expected}`;
  return new ReleaseError({ code: "reference_malformed", message, hint });
}
