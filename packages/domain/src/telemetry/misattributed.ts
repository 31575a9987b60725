import type { Digest } from "../release/digest.ts";
import type { SessionEvidence } from "./session.ts";

/** Spans that name another release than the gateway sent the turn to. */
export type Misattributed = { readonly says: Digest; readonly wasSentTo: Digest; readonly spans: number };

export type Attributed = {
  /** Spans that name the release of their turn. */
  readonly agreeing: number;
  /** Spans that name none: they belong to their turn by its trace. */
  readonly silent: number;
  readonly misattributed: readonly Misattributed[];
};

/**
 * What the spans of a session say of their release, against its turn records. Where they disagree, a pod runs what it should
 * not. The records count, whatever spans say.
 */
export function attributedIn({ turns, spans }: Pick<SessionEvidence, "turns" | "spans">): Attributed {
  const releaseOf = new Map(turns.map(({ traceId, release }) => [traceId, release]));
  const unique = new Map(spans.map((span) => [`${span.traceId} ${span.spanId}`, span]));
  const found = new Map<string, Misattributed>();
  let [agreeing, silent] = [0, 0];
  for (const { traceId, attribution } of unique.values()) {
    const [says, wasSentTo] = [attribution.release, releaseOf.get(traceId)];
    if (says === null || wasSentTo === undefined) silent += 1;
    else if (says === wasSentTo) agreeing += 1;
    else {
      const key = `${says} ${wasSentTo}`;
      found.set(key, { says, wasSentTo, spans: (found.get(key)?.spans ?? 0) + 1 });
    }
  }
  return { agreeing, silent, misattributed: [...found.values()] };
}
