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

/** The `data:` events of a streamed answer, `[DONE]` included, in sending order. */
export function formatChunks(answer: Answer, ids: CompletionIds, usage: Usage | null): readonly string[] {
  const head = `data: {"id":"${ids.id}","object":"chat.completion.chunk","created":${ids.createdSeconds},"model":"${MODEL_NAME}",`;
  const event = (delta: unknown, finish: string | null) =>
    `${head}"choices":[{"index":0,"delta":${JSON.stringify(delta)},"finish_reason":${JSON.stringify(finish)}}]}\n\n`;
  const deltas =
    answer.kind === "text"
      ? piecesOf(answer.text).map((content, index) => (index === 0 ? { role: "assistant", content } : { content }))
      : [{ role: "assistant", content: null, tool_calls: [{ index: 0, ...toolCallOf(answer, ids) }] }];
  const tail = usage ? `${head}"choices":[],"usage":${JSON.stringify(usageFields(usage))}}\n\n` : "";
  return [...deltas.map((delta) => event(delta, null)), `${event({}, finishReason(answer))}${tail}data: [DONE]\n\n`];
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

/** Three pieces, cut at spaces: enough to be a stream, few enough to cost nothing. */
function piecesOf(text: string): readonly string[] {
  const third = Math.ceil(text.length / 3);
  const first = text.indexOf(" ", third);
  if (first < 0) return [text];
  const second = text.indexOf(" ", first + third);
  return second < 0
    ? [text.slice(0, first), text.slice(first)]
    : [text.slice(0, first), text.slice(first, second), text.slice(second)];
}
