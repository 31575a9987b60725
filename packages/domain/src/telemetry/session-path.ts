import type { Digest } from "../release/digest.ts";
import type { TurnRecord } from "../routing/turn-record.ts";
import { resolveTrace, type ResolvedSpan } from "./resolve-trace.ts";
import type { SessionEvidence } from "./session.ts";
import { spansByTurn } from "./spans-by-turn.ts";
import type { Span } from "./span.ts";

/** One thing that an agent did in a turn. */
export type PathStep = {
  /** Below how many others of the same turn: the work of a tool or of a sub-agent. */
  readonly depth: number;
  readonly role: "subAgent" | "action";
  readonly span: Span;
  /** The span says another release than the turn's record: a mis-deployed pod. */
  readonly claims: Digest | null;
};

export type PathTurn = { readonly record: TurnRecord; readonly steps: readonly PathStep[] };

/** A session's way, turn by turn, as far as it is known; what was told of twice is there once. */
export function sessionPath(evidence: SessionEvidence): readonly PathTurn[] {
  const records = [...new Map(evidence.turns.map((turn) => [turn.id, turn])).values()]
    .filter(({ kind }) => kind === "turn")
    .toSorted((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
  const spansOf = spansByTurn(evidence);
  return records.map((record) => ({ record, steps: stepsOf(spansOf.get(record.traceId) ?? [], record.release) }));
}

/** `release`: which the spans should name, where they name one; null to believe them. */
export function stepsOf(spans: readonly Span[], release: Digest | null): readonly PathStep[] {
  const above: number[] = [];
  return resolveTrace(spans).spans.flatMap((resolved) => {
    // Parents come before their children, so what is no deeper than this one is no longer above it.
    while ((above.at(-1) ?? -1) >= resolved.depth) above.pop();
    if (!isStep(resolved)) return [];
    const { span, role } = resolved;
    const step = { depth: above.length, role, span, claims: otherClaim(span, release) };
    above.push(resolved.depth);
    return [step];
  });
}

type Step = ResolvedSpan & { readonly role: PathStep["role"] };

function isStep(resolved: ResolvedSpan): resolved is Step {
  return resolved.role === "action" || resolved.role === "subAgent";
}

function otherClaim({ attribution }: Span, release: Digest | null): Digest | null {
  const claimed = attribution.release;
  return claimed === null || release === null || claimed === release ? null : claimed;
}
