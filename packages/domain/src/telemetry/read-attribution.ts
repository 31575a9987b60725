import { parseDigest } from "../release/digest.ts";
import { parseRolloutId, parseSessionId } from "../routing/ids.ts";
import { textAttribute, type RawSpan } from "./raw-span.ts";
import type { Attribution } from "./span.ts";

/**
 * What a span says about where it belongs: the gateway's baggage copied onto the span, else the resource. Agents send
 * what they like, so a malformed value counts as absent.
 */
export function readAttribution(raw: RawSpan): Attribution {
  const arm = perchAttribute(raw, "perch.arm");
  return {
    session: parsedOrNull(parseSessionId, perchAttribute(raw, "perch.session.id")),
    release: parsedOrNull(parseDigest, perchAttribute(raw, "perch.release")),
    arm: arm === "baseline" || arm === "canary" || arm === "shadow" ? arm : null,
    rollout: parsedOrNull(parseRolloutId, perchAttribute(raw, "perch.rollout")),
    serviceVersion: textAttribute(raw.resource, "service.version"),
  };
}

function perchAttribute(raw: RawSpan, key: string): string | null {
  return textAttribute(raw.attributes, key) ?? textAttribute(raw.resource, key);
}

function parsedOrNull<T>(parse: (text: string) => T, text: string | null): T | null {
  if (text === null) return null;
  try {
    return parse(text);
  } catch {
    return null;
  }
}
