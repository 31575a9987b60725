import { isRecord, memberOf, readSmallJson } from "./small-json.ts";
import { isToolMessage } from "./tool-message.ts";

// Looked for before anything is parsed: most results say nothing of the kind.
const TELL_TALE = /"(?:is_?error|error|status)"\s*:/i;

/**
 * Whether a tool's result says itself that the call failed, as no span status does: MCP's `isError`, `is_error` as
 * OpenLLMetry writes it, a JSON-RPC error, LangChain's `ToolMessage` with the status "error", `error: true`.
 */
export function isFailedResult(text: string | null): boolean {
  if (text === null || !TELL_TALE.test(text)) return false;
  const result = readSmallJson(text);
  return saysError(result) || ["result", "output", "kwargs"].some((key) => saysError(memberOf(result, key)));
}

function saysError(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if (value["isError"] === true || value["is_error"] === true || value["error"] === true) return true;
  if (isRecord(value["error"]) && "jsonrpc" in value) return true;
  if (isToolMessage(value)) return (memberOf(value["kwargs"], "status") ?? value["status"]) === "error";
  return false;
}
