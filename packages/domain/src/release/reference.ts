import { parseAgentName, type AgentName } from "../routing/ids.ts";
import { parseDigest, type Digest } from "./digest.ts";
import { ReleaseError } from "./error.ts";

/** How a person names a release: `support@2.3.1` or `support@sha256:…`. */
export type ReleaseReference =
  | { readonly kind: "version"; readonly agent: AgentName; readonly version: string }
  | { readonly kind: "digest"; readonly agent: AgentName; readonly digest: Digest };

// The regular expression that semver.org publishes, without capture groups.
const SEMVER =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/;

export function isSemanticVersion(text: string): boolean {
  return text.length <= 128 && SEMVER.test(text);
}

/** Throws `ReleaseError` `reference_malformed`. */
export function parseReleaseReference(text: string): ReleaseReference {
  const at = text.indexOf("@");
  const [name, rest] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  if (at > 0 && rest.startsWith("sha256:")) {
    return { kind: "digest", agent: parseAgentName(name), digest: parseDigest(rest) };
  }
  if (at > 0 && isSemanticVersion(rest)) return { kind: "version", agent: parseAgentName(name), version: rest };
  throw new ReleaseError({
    code: "reference_malformed",
    message: `found ${JSON.stringify(text.slice(0, 200))}, expected "agent@1.2.3" or "agent@sha256:…"`,
    hint: "`perch release list` shows every release with its agent, version and digest",
  });
}

export function formatReleaseReference(reference: ReleaseReference): string {
  return `${reference.agent}@${reference.kind === "version" ? reference.version : reference.digest}`;
}
