import type { Digest } from "../release/digest.ts";
import type { SessionEvidence } from "./session.ts";
import type { Span } from "./span.ts";
import { spansByTurn } from "./spans-by-turn.ts";

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
export function attributedIn(evidence: Pick<SessionEvidence, "turns" | "spans">): Attributed {
  const releaseOf = new Map(evidence.turns.map(({ traceId, release }) => [traceId, release]));
  const found = new Map<string, Misattributed>();
  let [agreeing, silent] = [0, 0];
  for (const [{ attribution }, turn] of uniqueSpans(evidence)) {
    const [says, wasSentTo] = [attribution.release, releaseOf.get(turn)];
    if (says === null || wasSentTo === undefined) silent += 1;
    else if (says === wasSentTo) agreeing += 1;
    else {
      const key = `${says} ${wasSentTo}`;
      found.set(key, { says, wasSentTo, spans: (found.get(key)?.spans ?? 0) + 1 });
    }
  }
  return { agreeing, silent, misattributed: [...found.values()] };
}

/** Each span once, with the trace id of its turn. */
function uniqueSpans(evidence: Pick<SessionEvidence, "turns" | "spans">): Iterable<readonly [Span, string]> {
  const unique = new Map<string, readonly [Span, string]>();
  for (const [turn, spans] of spansByTurn(evidence)) {
    for (const span of spans) unique.set(`${span.traceId} ${span.spanId}`, [span, turn]);
  }
  return unique.values();
}
