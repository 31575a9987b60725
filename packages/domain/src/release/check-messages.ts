import { z } from "zod";
import { isJsonArray, isJsonObject, type JsonValue } from "./canonical-json.ts";
import { describeIssues, type SpecProblem } from "./spec-problem.ts";

const partSchema = z.looseObject({ type: z.string().min(1) });
// What the chat APIs have in common; what else a message holds (tool calls, a name) is the provider's business.
const messageSchema = z
  .looseObject({
    role: z.enum(["system", "developer", "user", "assistant", "tool"]),
    content: z.union([z.string(), z.array(partSchema), z.null()]).optional(),
  })
  .refine((message) => "content" in message || "tool_calls" in message, "a message with content or tool_calls");
const conversationSchema = z.strictObject({ messages: z.array(messageSchema).min(1) });

/**
 * Whether a few-shot file in JSON holds examples: messages (`{ role, content }`) in a list, or conversations
 * (`{ messages: [...] }`) in a list.
 */
export function checkMessages(value: JsonValue): readonly SpecProblem[] {
  if (!isJsonArray(value) || value.length === 0) {
    return [{ path: [], message: "found no list of messages, expected [{ role, content }, …]" }];
  }
  return value.flatMap((item, index) =>
    checkExample(item).map((problem) => ({ ...problem, path: [index, ...problem.path] })),
  );
}

/** Whether one line of a JSONL file is an example. */
export function checkExample(value: JsonValue): readonly SpecProblem[] {
  const isConversation = isJsonObject(value) && "messages" in value;
  const parsed = (isConversation ? conversationSchema : messageSchema).safeParse(value);
  return parsed.success ? [] : describeIssues(parsed.error.issues, value);
}
