import { digestOf } from "../release/digest.ts";
import { isFailedResult } from "./failed-result.ts";
import type { ErrorReading } from "./read-error.ts";
import { isRecord, readSmallJson } from "./small-json.ts";
import type { ToolCall } from "./span.ts";

export type RawToolCall = {
  readonly name: string;
  readonly callId: string | null;
  /** As JSON, or as whatever the framework made of them. */
  readonly argumentText: string | null;
  readonly resultText: string | null;
};

const NAME_CHARACTERS = 200;
const MAX_KEYS = 32;
const KEY_CHARACTERS = 60;

/** What is kept of a tool call, and whether its result says that it failed. */
export function readToolCall(call: RawToolCall, error: ErrorReading): { readonly tool: ToolCall } & ErrorReading {
  const given = readSmallJson(call.argumentText);
  const tool: ToolCall = {
    name: call.name.slice(0, NAME_CHARACTERS),
    callId: call.callId?.slice(0, NAME_CHARACTERS) ?? null,
    argumentsDigest: call.argumentText === null ? null : digestOf(call.argumentText),
    argumentShape: argumentShape(given),
    invalidUnder: [],
    resultDigest: call.resultText === null ? null : digestOf(call.resultText),
    ...idempotencyKey(given),
  };
  const isSaid = error.errorType === null && isFailedResult(call.resultText);
  return isSaid ? { tool, ...error, isError: true, errorType: "tool_error" } : { tool, ...error };
}

const IDEMPOTENCY_KEYS = ["idempotency_key", "idempotencyKey", "idempotency-key", "Idempotency-Key"];

/** The one argument that is kept as it is: without it nobody could find what a call did, or take it back once. */
function idempotencyKey(value: unknown): Pick<ToolCall, "idempotencyKey"> {
  if (!isRecord(value)) return {};
  const key = IDEMPOTENCY_KEYS.map((name) => value[name]).find((held) => typeof held === "string" && held !== "");
  return typeof key === "string" ? { idempotencyKey: key.slice(0, NAME_CHARACTERS) } : {};
}

/**
 * The keys of the arguments with their JSON types, sorted: `amount:number,order_id:string`. Of many keys the first, and
 * a mark. Null for arguments that are no object: a framework may have passed on the bare value of the only key.
 */
function argumentShape(value: unknown): string | null {
  if (!isRecord(value)) return null;
  const keys = Object.keys(value).toSorted();
  const parts = keys.slice(0, MAX_KEYS).map((key) => `${key.slice(0, KEY_CHARACTERS)}:${jsonType(value[key])}`);
  return (keys.length > MAX_KEYS ? [...parts, "…"] : parts).join(",");
}

function jsonType(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
