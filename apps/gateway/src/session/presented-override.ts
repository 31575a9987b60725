import {
  readOverride,
  type Digest,
  type Override,
  type PinSecrets,
  type RequestHead,
  type SessionId,
} from "@perch/domain";
import type { RoutedAgent } from "../table/route-index.ts";

export const OVERRIDE_HEADER = "x-perch-override";
export const RELEASE_HEADER = "x-perch-release";

/** What a request says about the release that it wants. */
export type PresentedOverride =
  | { readonly kind: "none" }
  /** A release without a token, or with one that is not good for it. */
  | { readonly kind: "ignored" }
  | { readonly kind: "unknown"; readonly override: Override }
  | { readonly kind: "valid"; readonly override: Override; readonly release: Digest };

export type OverrideReading = {
  readonly agent: RoutedAgent;
  /** The session's id and its other name, if the request used one. */
  readonly sessions: readonly SessionId[];
  readonly secrets: PinSecrets;
  readonly now: number;
};

const NONE: PresentedOverride = { kind: "none" };

export function presentedOverride(
  head: RequestHead,
  { agent, sessions, secrets, now }: OverrideReading,
): PresentedOverride {
  const token = head.header(OVERRIDE_HEADER);
  const wish = head.header(RELEASE_HEADER);
  if (token === undefined) return wish === undefined ? NONE : { kind: "ignored" };
  const override = readOverride(token, now, secrets);
  if (override === null || override.agent !== agent.route.agent) return { kind: "ignored" };
  if (override.session !== null && !sessions.includes(override.session)) return { kind: "ignored" };
  const release = releaseNamed(override.release, agent);
  if (release === null) return { kind: "unknown", override };
  // A token is good for the release it was made for, and for no other that the header may name.
  if (wish !== undefined && releaseNamed(wish, agent) !== release) return { kind: "ignored" };
  return { kind: "valid", override, release };
}

/** A version, a digest, or either behind `agent@`. */
function releaseNamed(name: string, { route }: RoutedAgent): Digest | null {
  const own = `${route.agent}@`;
  const bare = name.startsWith(own) ? name.slice(own.length) : name;
  return route.releases.find(({ release, version }) => release === bare || version === bare)?.release ?? null;
}
