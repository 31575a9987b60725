import type { MaturedSession } from "../telemetry/session.ts";
import { badOf } from "./bad-of.ts";
import type { CountGate, SegmentBy } from "./gate-spec.ts";

/** The segments that a session belongs to: its intent, or every tool that it called. */
export function segmentsOf(session: MaturedSession, by: SegmentBy): readonly string[] {
  if (by === "intent") return session.measures.intent === null ? [] : [session.measures.intent];
  return [...new Set(session.toolSequence)];
}

/** Whether a session is bad as far as one of its segments goes: a failed call counts for the tool that failed. */
export function badInSegment(session: MaturedSession, gate: CountGate, segment: string): boolean | null {
  if (gate.segments === "tool" && gate.of === "tool-error-rate") {
    const tool = session.measures.toolCalls[segment];
    return tool === undefined ? null : tool.failed > 0;
  }
  return badOf(session, gate.of, gate.badBelow);
}
