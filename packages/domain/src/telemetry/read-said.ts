import { digestOf } from "../release/digest.ts";
import { ESCALATION_SCORE } from "./judge-escalation.ts";
import { OUTCOME_SCORE } from "./judge-outcome.ts";
import { textAttribute, type AttributeValue, type RawSpan } from "./raw-span.ts";
import { agentOf, sessionIn, type EvaluationReading } from "./read-evaluation.ts";

const OUTCOME = "perch.outcome";
const ESCALATION = "perch.escalation";
/** Where frameworks put what their users want on a span, that let them set no attribute of their own choice. */
export const METADATA_PREFIXES = [
  "",
  "mastra.metadata.",
  "ai.telemetry.metadata.",
  "langfuse.observation.metadata.",
  "langfuse.trace.metadata.",
  "langsmith.metadata.",
  "traceloop.association.properties.",
];
// Put together once: they are looked for on every span that comes in.
const PLACES = METADATA_PREFIXES.map((prefix) => ({
  prefix,
  outcomeKey: prefix + OUTCOME,
  escalationKey: prefix + ESCALATION,
}));
const TEXT_CHARACTERS = 200;

type Said = { readonly name: string; readonly value: number; readonly label: string | null };

/**
 * What a span says of its session as a whole: `perch.outcome` (`success`, `failure`, true, false, or a number) and
 * `perch.escalation` (true, or why), for agents in any language, without an SDK. Each is a score of the session that
 * `perch.session.id` names on the same span.
 */
export function readSaid(span: RawSpan): readonly EvaluationReading[] {
  const readings: EvaluationReading[] = [];
  for (const { prefix, outcomeKey, escalationKey } of PLACES) {
    const outcome = span.attributes.get(outcomeKey);
    const escalation = span.attributes.get(escalationKey);
    if (outcome !== undefined) readings.push(...readOne(span, prefix, outcomeOf(outcome)));
    if (escalation !== undefined) readings.push(...readOne(span, prefix, escalationOf(escalation)));
  }
  return readings;
}

function readOne(span: RawSpan, prefix: string, said: Said | string | null): readonly EvaluationReading[] {
  // A shadow's attributes name the session of the user, who never saw what it did.
  if (said === null || textOf(span, prefix, "perch.arm") === "shadow") return [];
  if (typeof said === "string") return [{ kind: "refused", because: said }];
  const session = sessionIn(span.attributes, [`${prefix}perch.session.id`, "perch.session.id"]);
  if (session === null) {
    return [{ kind: "refused", because: `a span tells of the ${said.name} and names no session (perch.session.id)` }];
  }
  const agent = agentOf(span.attributes);
  // The same span sent again is the same word.
  const id = digestOf(JSON.stringify([agent, session, said.name, span.traceId, span.spanId, said.value, said.label]));
  return [
    {
      kind: "score",
      score: {
        id,
        agent,
        session,
        ...said,
        at: span.startedAt + span.durationMs,
        evaluator: null,
        evaluatorVersion: null,
        commentDigest: null,
      },
    },
  ];
}

function textOf({ attributes }: RawSpan, prefix: string, key: string): string | null {
  return textAttribute(attributes, prefix + key) ?? textAttribute(attributes, key);
}

/** A sentence where it is none. Some frameworks send all metadata as text. */
function outcomeOf(value: AttributeValue): Said | string {
  const word = typeof value === "string" ? value.trim().toLowerCase() : value;
  if (word === "success" || word === "true" || word === true) {
    return { name: OUTCOME_SCORE, value: 1, label: "success" };
  }
  if (word === "failure" || word === "false" || word === false) {
    return { name: OUTCOME_SCORE, value: 0, label: "failure" };
  }
  const number = typeof word === "string" && word !== "" ? Number(word) : word;
  if (typeof number === "number" && Number.isFinite(number)) return { name: OUTCOME_SCORE, value: number, label: null };
  return `a span has a ${OUTCOME} that is none of success, failure, true, false and a number`;
}

/** Null where it says that there was none. */
function escalationOf(value: AttributeValue): Said | string | null {
  if (value === true) return { name: ESCALATION_SCORE, value: 1, label: null };
  if (value === false || value === null) return null;
  if (typeof value !== "string") return `a span has a ${ESCALATION} that is neither true, false nor a text`;
  const reason = value.trim();
  if (reason === "" || reason.toLowerCase() === "false") return null;
  return {
    name: ESCALATION_SCORE,
    value: 1,
    label: reason.toLowerCase() === "true" ? null : reason.slice(0, TEXT_CHARACTERS),
  };
}
