import { isRecord, memberOf, readSmallJson } from "./small-json.ts";

/** LangChain's message with the result of a tool call, serialised by its own scheme (`lc`) or plainly. */
export function isToolMessage(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const id = value["id"];
  return (Array.isArray(id) && id.at(-1) === "ToolMessage") || value["type"] === "tool" || "tool_call_id" in value;
}

/** LangChain names the call in the message that answers it. */
export function callIdIn(resultText: string | null): string | null {
  if (resultText?.includes('"tool_call_id"') !== true) return null;
  const result = readSmallJson(resultText);
  const message = memberOf(result, "output") ?? result;
  const id = isToolMessage(message)
    ? (memberOf(memberOf(message, "kwargs"), "tool_call_id") ?? memberOf(message, "tool_call_id"))
    : null;
  return typeof id === "string" ? id : null;
}
