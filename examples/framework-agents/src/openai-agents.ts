import { Agent, MemorySession, run, setTracingDisabled, tool, type Session } from "@openai/agents-core";
import { OpenAIChatCompletionsModel } from "@openai/agents-openai";
import OpenAI from "openai";
import { serveChat } from "./serve-chat.ts";
import { LOOK_UP, lookUpOrder, REFUND, refund } from "./tools.ts";

// Its own tracing goes to its maker.
setTracingDisabled(true);

const client = new OpenAI({ baseURL: process.env["OPENAI_BASE_URL"], apiKey: "none" });
const agent = new Agent({
  name: "support",
  instructions: "Solve it yourself.",
  model: new OpenAIChatCompletionsModel(client, "scripted-support-sim"),
  tools: [
    tool({
      name: "lookup_order",
      description: "Finds an order",
      parameters: LOOK_UP,
      execute: (input) => lookUpOrder(input),
    }),
    tool({ name: "refund", description: "Pays an order back", parameters: REFUND, execute: (input) => refund(input) }),
  ],
});

const MAX_SESSIONS = 1000;
const sessions = new Map<string, Session>();

serveChat(async (message, conversation) => {
  const session = sessions.get(conversation) ?? new MemorySession();
  sessions.set(conversation, session);
  const [oldest] = sessions.size > MAX_SESSIONS ? sessions.keys() : [];
  if (oldest !== undefined) sessions.delete(oldest);
  const { finalOutput } = await run(agent, message, { session });
  return finalOutput ?? "";
});
