import { digestOf } from "../release/digest.ts";
import { textAttribute, type RawSpan } from "./raw-span.ts";
import { agentOf, sessionIn, type EvaluationReading } from "./read-evaluation.ts";
import { memberOf, readSmallJson } from "./small-json.ts";

/** What a collection of annotations is about, and what its attributes begin with. */
const COLLECTIONS = [
  ["span", "annotations", "annotation"],
  ["span", "evaluations", "evaluation"],
  ["trace", "trace.annotations", "annotation"],
  ["trace", "trace.evaluations", "evaluation"],
  ["session", "session.annotations", "annotation"],
  ["session", "session.evaluations", "evaluation"],
] as const;
const MOST_IN_A_COLLECTION = 32;
const NAME_CHARACTERS = 100;
const TEXT_CHARACTERS = 200;

// `session.id` is what OpenInference means by a session; Perch's own key outranks what frameworks overwrite.
const SESSION_KEYS = ["perch.session.id", "session.id"];

/** Without a first there is none: most spans have none, and are asked for nothing else. */
const FIRST_NAMES = COLLECTIONS.map(([, collection, member]) => `${collection}.0.${member}.name`);

type Target = { readonly span: RawSpan; readonly scope: (typeof COLLECTIONS)[number][0]; readonly prefix: string };

/**
 * Annotations and evaluations on a span, as OpenInference's specification "Annotations and Evaluations" has them:
 * `[trace.|session.]annotations.<index>.annotation.<field>`. Each is a score of the session. One without a number cannot
 * count, nor one that names no session.
 */
export function readAnnotations(span: RawSpan): readonly EvaluationReading[] {
  if (!FIRST_NAMES.some((name) => span.attributes.has(name))) return [];
  if (textAttribute(span.attributes, "perch.arm") === "shadow") return [];
  return COLLECTIONS.flatMap(([scope, collection, member]) => {
    const readings: EvaluationReading[] = [];
    for (let index = 0; index < MOST_IN_A_COLLECTION; index += 1) {
      const prefix = `${collection}.${index}.${member}.`;
      const name = textAttribute(span.attributes, `${prefix}name`);
      if (name === null) break;
      readings.push(readAnnotation({ span, scope, prefix }, name.slice(0, NAME_CHARACTERS)));
    }
    return readings;
  });
}

function readAnnotation({ span, scope, prefix }: Target, name: string): EvaluationReading {
  const { attributes } = span;
  const value = attributes.get(`${prefix}score`);
  if (typeof value !== "number" || !Number.isFinite(value)) {
    return { kind: "refused", because: `the annotation "${name}" has no finite score` };
  }
  const session = sessionIn(attributes, SESSION_KEYS);
  if (session === null) {
    return { kind: "refused", because: `the annotation "${name}" names no session (${SESSION_KEYS.join(", ")})` };
  }
  const label = short(textAttribute(attributes, `${prefix}label`));
  const metadata = readSmallJson(textAttribute(attributes, `${prefix}metadata`));
  const kind = textAttribute(attributes, `${prefix}annotator_kind`)?.toLowerCase() ?? null;
  const judged = {
    agent: agentOf(attributes),
    session,
    name,
    value,
    label,
    at: span.startedAt + span.durationMs,
    evaluator: short(textIn(metadata, "evaluator_name") ?? kind),
    evaluatorVersion: short(textIn(metadata, "evaluator_version")),
    commentDigest: null,
  };
  const target = { span: [span.traceId, span.spanId], trace: [span.traceId], session: [] }[scope];
  // Told again under its own identifier it is the same result; without one it is known by what it says.
  const identity = textAttribute(attributes, `${prefix}identifier`) ?? [value, label];
  const id = digestOf(JSON.stringify([judged.agent, session, name, scope, target, identity]));
  return { kind: "score", score: { id, ...judged } };
}

function textIn(metadata: unknown, key: string): string | null {
  const value = memberOf(metadata, key);
  return typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : null;
}

function short(text: string | null): string | null {
  return text?.slice(0, TEXT_CHARACTERS) ?? null;
}
