import { z } from "zod";
import type { Client } from "@modelcontextprotocol/client";

export type Message = Readonly<Record<string, unknown>>;

const MAX_STEPS = 6;
const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.looseObject({
          content: z.string().nullish(),
          tool_calls: z
            .array(z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) }))
            .optional(),
        }),
      }),
    )
    .min(1),
});

export type AnswerDeps = {
  /** Of an API for chat completions, with `/v1`. */
  readonly modelUrl: string;
  readonly tools: Client;
};

/** Asks the model, calls the tools that it wants at the MCP server, and goes on until it has an answer. */
export async function answerTurn(messages: Message[], { modelUrl, tools }: AnswerDeps): Promise<string> {
  const { tools: offered } = await tools.listTools();
  const functions = offered.map(({ name, description, inputSchema }) => {
    return { type: "function", function: { name, description, parameters: inputSchema } };
  });
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const message = await complete(modelUrl, { model: "scripted-support-sim", messages, tools: functions });
    messages.push(message);
    if (message.tool_calls === undefined || message.tool_calls.length === 0) return message.content ?? "";
    for (const call of message.tool_calls) {
      const input = z.record(z.string(), z.unknown()).parse(JSON.parse(call.function.arguments));
      const { content } = await tools.callTool({ name: call.function.name, arguments: input });
      const text = content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
      messages.push({ role: "tool", tool_call_id: call.id, content: text });
    }
  }
  return "I could not finish this, sorry.";
}

async function complete(modelUrl: string, request: Readonly<Record<string, unknown>>) {
  const answer = await fetch(`${modelUrl}/chat/completions`, { method: "POST", body: JSON.stringify(request) });
  if (!answer.ok) throw new Error(`the model answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
  const [choice] = completionSchema.parse(await answer.json()).choices;
  if (choice === undefined) throw new Error("the model answered without a choice");
  return choice.message;
}
