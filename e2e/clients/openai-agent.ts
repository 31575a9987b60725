import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Handler } from "./agents.ts";
import { streamOf } from "./stream-of.ts";

const responseRequestSchema = z.object({
  input: z.string(),
  stream: z.boolean().default(false),
  previous_response_id: z.string().optional(),
  conversation: z.string().optional(),
});
const completionRequestSchema = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
  stream: z.boolean().default(false),
});

/**
 * The endpoints of the OpenAI API that agents offer, with what they keep in memory: an id that this release did not give out
 * itself is answered with 404, as the original does.
 */
export function createOpenAiAgent(version: string): Handler {
  const known = new Set<string>();
  const unknown = (id: string): Response =>
    Response.json(
      { error: { message: `${id} is unknown to ${version}`, type: "invalid_request_error" } },
      { status: 404 },
    );

  async function create(request: Request): Promise<Response> {
    const asked = responseRequestSchema.parse(await request.json());
    const before = asked.previous_response_id ?? asked.conversation;
    if (before !== undefined && !known.has(before)) return unknown(before);
    const response = responseOf(version, `resp_${randomUUID()}`);
    known.add(response.id);
    return asked.stream ? streamedResponse(response) : Response.json(response);
  }

  return async (request) => {
    const [, , kind = "", id = ""] = new URL(request.url).pathname.split("/");
    if (kind === "chat") return completion(version, completionRequestSchema.parse(await request.json()));
    if (kind === "responses" && id === "") return await create(request);
    if (kind === "conversations" && id === "") {
      const conversation = { id: `conv_${randomUUID()}`, object: "conversation", created_at: 0, metadata: {} };
      known.add(conversation.id);
      return Response.json(conversation);
    }
    if (!known.has(id)) return unknown(id);
    return request.method === "DELETE" ? new Response(null, { status: 204 }) : Response.json(responseOf(version, id));
  };
}

function responseOf(version: string, id: string) {
  const content = [{ type: "output_text", text: version, annotations: [] }];
  const output = [{ type: "message", id: "msg_1", role: "assistant", status: "completed", content }];
  return { id, object: "response", created_at: 0, status: "completed", model: "m", output, tools: [] };
}

/** In the order that the documentation gives, each with its number. */
function streamedResponse(response: ReturnType<typeof responseOf>): Response {
  const [item] = response.output;
  const begun = { ...response, status: "in_progress", output: [] };
  const place = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const text = item?.content[0]?.text ?? "";
  return eventStream([
    { type: "response.created", response: begun },
    { type: "response.in_progress", response: begun },
    { type: "response.output_item.added", output_index: 0, item: { ...item, status: "in_progress", content: [] } },
    { type: "response.content_part.added", ...place, part: { type: "output_text", text: "", annotations: [] } },
    ...text.split("").map((delta) => ({ type: "response.output_text.delta", ...place, delta })),
    { type: "response.output_text.done", ...place, text },
    { type: "response.content_part.done", ...place, part: item?.content[0] },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response },
  ]);
}

function eventStream(events: readonly ({ readonly type: string } & Readonly<Record<string, unknown>>)[]): Response {
  async function* frames(): AsyncGenerator<string> {
    for (const [index, event] of events.entries()) {
      yield ": keep-alive\n\n";
      yield `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: index })}\n\n`;
    }
  }
  return streamed(frames());
}

function completion(version: string, { messages, stream }: z.infer<typeof completionRequestSchema>): Response {
  const base = { id: `chatcmpl-${randomUUID()}`, created: 0, model: "m" };
  const content = `${version} ${messages.length}`;
  if (!stream) {
    const choice = { index: 0, finish_reason: "stop", message: { role: "assistant", content, refusal: null } };
    return Response.json({ ...base, object: "chat.completion", choices: [choice] });
  }
  async function* frames(): AsyncGenerator<string> {
    const deltas = [{ role: "assistant", content: "" }, ...content.split("").map((text) => ({ content: text })), {}];
    for (const [index, delta] of deltas.entries()) {
      const choice = { index: 0, delta, finish_reason: index + 1 === deltas.length ? "stop" : null };
      yield `data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", choices: [choice] })}\n\n`;
    }
    yield "data: [DONE]\n\n";
  }
  return streamed(frames());
}

function streamed(frames: AsyncGenerator<string>): Response {
  const body = streamOf(frames).pipeThrough(new TextEncoderStream());
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
