import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { ChatOpenAI } from "@langchain/openai";
import type { z } from "zod";
import { serveChat } from "./serve-chat.ts";
import { LOOK_UP, lookUpOrder, REFUND, refund } from "./tools.ts";

const agent = createReactAgent({
  llm: new ChatOpenAI({
    model: "scripted-support-sim",
    apiKey: "none",
    configuration: { baseURL: process.env["OPENAI_BASE_URL"] ?? "" },
  }),
  prompt: "Solve it yourself.",
  tools: [
    tool((input: z.infer<typeof LOOK_UP>) => lookUpOrder(input), {
      name: "lookup_order",
      description: "Finds an order",
      schema: LOOK_UP,
    }),
    tool((input: z.infer<typeof REFUND>) => refund(input), {
      name: "refund",
      description: "Pays an order back",
      schema: REFUND,
    }),
  ],
  checkpointer: new MemorySaver(),
});

serveChat(async (message, conversation) => {
  const { messages } = await agent.invoke(
    { messages: [{ role: "user", content: message }] },
    // The thread of a shadow is its own: the checkpointer is memory, too.
    { configurable: { thread_id: conversation } },
  );
  return messages.at(-1)?.text ?? "";
});
