import type { Answer } from "../answer/plan-answer.ts";

/** Every response names this model, so that nobody takes a simulated answer for a real one. */
export const MODEL_NAME = "scripted-support-sim";

export type Usage = { readonly promptTokens: number; readonly completionTokens: number };
export type CompletionIds = { readonly id: string; readonly createdSeconds: number };

/** Four characters a token: the usual rule of thumb for English. */
export function estimateUsage(requestBody: string, answer: Answer): Usage {
  const written = answer.kind === "text" ? answer.text.length : JSON.stringify(answer.arguments).length;
  return { promptTokens: Math.ceil(requestBody.length / 4), completionTokens: Math.ceil(written / 4) };
}

export function formatCompletion(answer: Answer, ids: CompletionIds, usage: Usage): string {
  const message =
    answer.kind === "text"
      ? { role: "assistant", content: answer.text }
      : { role: "assistant", content: null, tool_calls: [toolCallOf(answer, ids)] };
  return JSON.stringify({
    id: ids.id,
    object: "chat.completion",
    created: ids.createdSeconds,
    model: MODEL_NAME,
    choices: [{ index: 0, message, finish_reason: finishReason(answer) }],
    usage: usageFields(usage),
  });
}

/**
 * The `data:` events of a streamed answer, `[DONE]` included, in sending order. As small servers do, the last piece also
 * carries the finish reason and the usage: every event costs the client a walk through its chain of streams.
 */
export function formatChunks(answer: Answer, ids: CompletionIds, usage: Usage | null): readonly string[] {
  const deltas =
    answer.kind === "text"
      ? piecesOf(answer.text).map((content, index) => (index === 0 ? { role: "assistant", content } : { content }))
      : [{ role: "assistant", content: null, tool_calls: [{ index: 0, ...toolCallOf(answer, ids) }] }];
  return deltas.map((delta, index) => {
    const isLast = index === deltas.length - 1;
    const chunk = {
      id: ids.id,
      object: "chat.completion.chunk",
      created: ids.createdSeconds,
      model: MODEL_NAME,
      choices: [{ index: 0, delta, finish_reason: isLast ? finishReason(answer) : null }],
      ...(isLast && usage ? { usage: usageFields(usage) } : {}),
    };
    return `data: ${JSON.stringify(chunk)}\n\n${isLast ? "data: [DONE]\n\n" : ""}`;
  });
}

function toolCallOf(answer: Answer & { kind: "toolCall" }, ids: CompletionIds) {
  return {
    id: `call_${ids.id.slice("chatcmpl-".length)}`,
    type: "function",
    function: { name: answer.name, arguments: JSON.stringify(answer.arguments) },
  };
}

function finishReason(answer: Answer): string {
  return answer.kind === "text" ? "stop" : "tool_calls";
}

function usageFields({ promptTokens, completionTokens }: Usage) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** Two pieces, cut at a space: enough to be a stream, few enough to cost little. */
function piecesOf(text: string): readonly string[] {
  const cut = text.indexOf(" ", Math.ceil(text.length / 2));
  return cut < 0 ? [text] : [text.slice(0, cut), text.slice(cut)];
}
