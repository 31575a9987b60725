import { digestOf } from "../release/digest.ts";
import { parseAgentName, parseSessionId, type AgentName, type SessionId } from "../routing/ids.ts";
import type { RawLog } from "./raw-log.ts";
import { textAttribute, type Attributes } from "./raw-span.ts";
import type { Score } from "./score.ts";

export type EvaluationReading =
  | { readonly kind: "score"; readonly score: Score }
  /** An evaluation that cannot count, and why. */
  | { readonly kind: "refused"; readonly because: string }
  /** Some other log record. */
  | { readonly kind: "other" };

// Perch's own key first: frameworks overwrite `session.id`, and conversation ids may be the framework's own.
const SESSION_KEYS = ["perch.session.id", "gen_ai.conversation.id", "session.id"];

/** Reads the event `gen_ai.evaluation.result` (OpenTelemetry semantic conventions for generative AI). */
export function readEvaluation(log: RawLog, receivedAt: number): EvaluationReading {
  const eventName = log.eventName === "" ? textAttribute(log.attributes, "event.name") : log.eventName;
  if (eventName !== "gen_ai.evaluation.result") return { kind: "other" };
  // It names the session of the user, who never saw what is evaluated here.
  if (textAttribute(log.attributes, "perch.arm") === "shadow") return { kind: "other" };
  const name = textAttribute(log.attributes, "gen_ai.evaluation.name");
  if (name === null) return { kind: "refused", because: "an evaluation has no gen_ai.evaluation.name" };
  const value = log.attributes.get("gen_ai.evaluation.score.value");
  if (typeof value !== "number" || !Number.isFinite(value)) {
    return { kind: "refused", because: `the evaluation "${name}" has no finite gen_ai.evaluation.score.value` };
  }
  const session = sessionIn(log.attributes, SESSION_KEYS);
  if (session === null) {
    return { kind: "refused", because: `the evaluation "${name}" names no session (${SESSION_KEYS.join(", ")})` };
  }
  const label = textAttribute(log.attributes, "gen_ai.evaluation.score.label");
  const score = {
    agent: agentOf(log.attributes),
    session,
    name,
    value,
    label,
    at: log.at > 0 ? log.at : receivedAt,
    // Not the resource's service: an agent that judges itself has another version in each arm.
    evaluator: shortText(log.attributes, "perch.evaluator.name"),
    evaluatorVersion: shortText(log.attributes, "perch.evaluator.version"),
    commentDigest: null,
  };
  return { kind: "score", score: { id: idOf(log, score), ...score } };
}

/** The session that the first usable of these attributes names. */
export function sessionIn(attributes: Attributes, keys: readonly string[]): SessionId | null {
  for (const key of keys) {
    const text = textAttribute(attributes, key);
    if (text === null) continue;
    try {
      return parseSessionId(text);
    } catch {
      // Not a name a gateway could have pinned; another key may hold one.
    }
  }
  return null;
}

/** Null when it names none, or none that a gateway could know. */
export function agentOf(attributes: Attributes): AgentName | null {
  const text = textAttribute(attributes, "perch.agent");
  if (text === null) return null;
  try {
    return parseAgentName(text);
  } catch {
    return null;
  }
}

const MOST_CHARACTERS = 200;

function shortText(attributes: Attributes, key: string): string | null {
  return textAttribute(attributes, key)?.slice(0, MOST_CHARACTERS) ?? null;
}

/** The event has no id of its own; a batch that is sent again must not count twice. */
function idOf(log: RawLog, score: Omit<Score, "id">): string {
  const response = textAttribute(log.attributes, "gen_ai.response.id");
  const parts = [
    ...(score.agent === null ? [] : [score.agent]),
    score.session,
    score.name,
    score.value,
    score.label,
    log.at,
    log.traceId,
    log.spanId,
    response,
    // Behind what identified it before evaluators had a version: the same event has the same id as ever.
    ...(score.evaluatorVersion === null ? [] : [score.evaluator, score.evaluatorVersion]),
  ];
  return digestOf(JSON.stringify(parts));
}
