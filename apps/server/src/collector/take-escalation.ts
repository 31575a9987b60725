import { escalationSchema } from "@perch/api";
import {
  digestOf,
  ESCALATION_SCORE,
  parseAgentName,
  parseSessionId,
  RoutingError,
  TelemetryError,
  type AgentName,
  type Score,
  type SessionId,
} from "@perch/domain";
import { encodingOf } from "./answers.ts";
import type { Sender } from "./ingest-gate.ts";
import type { Intake } from "./intake.ts";
import { parseJsonObject } from "./json-reader.ts";
import { bodyOf } from "./read-body.ts";

const KEY_CHARACTERS = 200;

/**
 * Takes word from outside (a ticket system, a telephone switch) that a person took over a session. Kept as a score, so that
 * it counts once and reaches the session whenever it comes before that matures. Throws `TelemetryError`.
 */
export async function takeEscalation(
  intake: Intake,
  { request, session, sender }: { readonly request: Request; readonly session: string; readonly sender: Sender },
): Promise<Response> {
  return await intake.bodies.read(bodyOf(request, sender), async (bytes) => {
    // Clients that send nothing name no content type, or one of their own making.
    if (bytes.length > 0) encodingOf(request, ["json"]);
    const body = escalationSchema.safeParse(bytes.length === 0 ? {} : parseJsonObject(bytes));
    if (!body.success) {
      throw malformed(body.error.issues.map(({ path, message }) => `${path.join(".") || "the body"}: ${message}`));
    }
    const { agent, reason, at } = body.data;
    const named = namesOf(session, agent);
    const key = request.headers.get("idempotency-key")?.slice(0, KEY_CHARACTERS) ?? "";
    const id = digestOf(JSON.stringify([ESCALATION_SCORE, named.agent, named.session, key]));
    const score: Score = {
      id,
      ...named,
      name: ESCALATION_SCORE,
      value: 1,
      label: reason,
      at: at ?? intake.now(),
      evaluator: null,
      evaluatorVersion: null,
      commentDigest: null,
    };
    await intake.store.appendScores([score]);
    intake.counters.escalations += 1;
    return Response.json({ accepted: 1, id });
  });
}

function namesOf(session: string, agent: string | null): { agent: AgentName | null; session: SessionId } {
  try {
    return { agent: agent === null ? null : parseAgentName(agent), session: parseSessionId(session) };
  } catch (error) {
    if (error instanceof RoutingError) throw malformed([error.message]);
    throw error;
  }
}

function malformed(problems: readonly string[]): TelemetryError {
  return new TelemetryError({
    code: "payload_malformed",
    message: `the escalation cannot be read: ${problems.join("; ")}`,
    hint: 'send JSON such as {"agent": "support", "reason": "asked for a person"}, or {}',
  });
}
