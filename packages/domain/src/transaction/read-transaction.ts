import type { Digest } from "../release/digest.ts";
import { RoutingError } from "../routing/error.ts";
import type { AgentName, SessionId } from "../routing/ids.ts";
import { textAttribute, type RawSpan } from "../telemetry/raw-span.ts";
import { readAttribution } from "../telemetry/read-attribution.ts";
import { agentOf, sessionIn } from "../telemetry/read-evaluation.ts";
import { METADATA_PREFIXES } from "../telemetry/read-said.ts";
import { parseTransactionId, parseTransactionTool, type TransactionId } from "./transaction.ts";

/** A report before anybody has looked up whose it is. */
export type SaidTransaction = {
  readonly state: "open" | "closed";
  readonly tool: string;
  readonly id: TransactionId;
  readonly agent: AgentName | null;
  readonly session: SessionId | null;
  readonly release: Digest | null;
  readonly at: number;
};

export type TransactionReading =
  { readonly kind: "said"; readonly said: SaidTransaction } | { readonly kind: "refused"; readonly because: string };

const PLACES = METADATA_PREFIXES.map((prefix) => ({ prefix, idKey: `${prefix}perch.transaction.id` }));

/**
 * What a span says of a transaction: `perch.transaction.id` with `perch.transaction.state` (`open` or `closed`), on a span of the
 * tool or, with `perch.transaction.tool`, on any. Null where it says nothing, or where it is a shadow's, which begins nothing.
 */
export function readTransaction(span: RawSpan, toolOfSpan: () => string | null): TransactionReading | null {
  const place = PLACES.find(({ idKey }) => span.attributes.has(idKey));
  if (place === undefined) return null;
  const textOf = (key: string): string | null =>
    textAttribute(span.attributes, place.prefix + key) ?? textAttribute(span.attributes, key);
  const state = textOf("perch.transaction.state");
  if (textOf("perch.arm") === "shadow" || readAttribution(span).arm === "shadow") return null;
  if (state !== "open" && state !== "closed") {
    return refused(`has ${state === null ? "no" : "another"} perch.transaction.state, expected open or closed`);
  }
  const named = namesIn(textOf("perch.transaction.id"), textOf("perch.transaction.tool") ?? toolOfSpan());
  if (typeof named === "string") return refused(named);
  const said: SaidTransaction = {
    state,
    ...named,
    ...ownerOf(span, place.prefix),
    at: span.startedAt + span.durationMs,
  };
  if (state === "open" && said.session === null) return refused("opens it and names no session (perch.session.id)");
  return { kind: "said", said };
}

function ownerOf(span: RawSpan, prefix: string): Pick<SaidTransaction, "agent" | "session" | "release"> {
  const { release, session } = readAttribution(span);
  return {
    agent: agentOf(span.attributes) ?? agentOf(span.resource),
    session: sessionIn(span.attributes, [`${prefix}perch.session.id`]) ?? session,
    release,
  };
}

/** A sentence where they are none. */
function namesIn(id: string | null, tool: string | null): Pick<SaidTransaction, "id" | "tool"> | string {
  if (id === null) return "has a perch.transaction.id that is no text";
  if (tool === null) return "is of no tool and has no perch.transaction.tool";
  try {
    return { id: parseTransactionId(id), tool: parseTransactionTool(tool) };
  } catch (error) {
    if (error instanceof RoutingError) return `cannot be read: ${error.message}`;
    throw error;
  }
}

function refused(problem: string): TransactionReading {
  return { kind: "refused", because: `a span tells of a transaction and ${problem}` };
}
