import { EventEmitter, once } from "node:events";
import { Role, TaskState, type AgentCard, type Part } from "@a2a-js/sdk";
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import {
  AgentEvent,
  DefaultRequestHandler,
  InMemoryTaskStore,
  JsonRpcTransportHandler,
  ServerCallContext,
  type AgentExecutor,
} from "@a2a-js/sdk/server";
import { z } from "zod";
import type { Handler } from "./agents.ts";

export type A2aVersion = "1.0" | "0.3";

const callSchema = z.object({ method: z.string(), params: z.object({ id: z.string().optional() }) });
const SUBSCRIBES = new Set(["SubscribeToTask", "tasks/resubscribe"]);

/** An A2A agent at `/a2a` with its card; the card's URLs are made of what the gateway says about itself. */
export function createA2aAgent(version: string): Handler {
  const subscribed = new EventEmitter();
  const handler = new DefaultRequestHandler(
    cardOf(version, "http://agent.invalid"),
    new InMemoryTaskStore(),
    executorOf(version, subscribed),
  );
  const transports = { "1.0": new JsonRpcTransportHandler(handler), "0.3": new LegacyJsonRpcTransportHandler(handler) };
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/.well-known/agent-card.json") return Response.json(cardOf(version, publicUrlOf(request)));
    const spoken = searchParams.get("speaks") === "0.3" ? "0.3" : "1.0";
    const context = new ServerCallContext({ requestedVersion: spoken });
    const text = await request.text();
    const { method, params } = callSchema.parse(JSON.parse(text));
    const answer: unknown = await transports[spoken].handle(text, context);
    if (!isStream(answer)) return Response.json(answer);
    const onFirst = (): void => void (SUBSCRIBES.has(method) && subscribed.emit(params.id ?? ""));
    const body = frames(answer, onFirst).pipeThrough(new TextEncoderStream());
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
}

/** Where clients find this agent, whatever stands in front of it. */
function publicUrlOf({ headers }: Request): string {
  const prefix = headers.get("x-forwarded-prefix") ?? "";
  return `${headers.get("x-forwarded-proto")}://${headers.get("x-forwarded-host")}${prefix}`;
}

function cardOf(version: string, url: string): AgentCard {
  const speaks = (protocolVersion: A2aVersion) => ({
    url: `${url}/a2a?speaks=${protocolVersion}`,
    protocolBinding: "JSONRPC",
    tenant: "",
    protocolVersion,
  });
  return {
    name: "e2e",
    description: "says its release",
    version,
    supportedInterfaces: [speaks("1.0"), speaks("0.3")],
    provider: undefined,
    capabilities: { streaming: true, extensions: [] },
    securitySchemes: {},
    securityRequirements: [],
    defaultInputModes: ["text/plain"],
    defaultOutputModes: ["text/plain"],
    skills: [],
    signatures: [],
  };
}

/** Asked for a task, it works at it until somebody has subscribed to it again; else it answers with a message. */
function executorOf(version: string, subscribed: EventEmitter): AgentExecutor {
  const parts: Part[] = [
    { content: { $case: "text", value: version }, metadata: {}, filename: "", mediaType: "text/plain" },
  ];
  return {
    async execute({ taskId, contextId, userMessage }, bus) {
      const asked = userMessage.parts[0]?.content;
      const ids = { taskId, contextId, metadata: {} };
      if (asked?.$case !== "text" || asked.value !== "task") {
        const message = { ...ids, taskId: "", messageId: `of-${userMessage.messageId}`, role: Role.ROLE_AGENT, parts };
        bus.publish(AgentEvent.message({ ...message, extensions: [], referenceTaskIds: [] }));
        bus.finished();
        return;
      }
      const submitted = { state: TaskState.TASK_STATE_SUBMITTED, message: undefined, timestamp: undefined };
      const task = { id: taskId, contextId, artifacts: [], history: [userMessage], metadata: {}, status: submitted };
      bus.publish(AgentEvent.task(task));
      bus.publish(AgentEvent.statusUpdate({ ...ids, status: { ...submitted, state: TaskState.TASK_STATE_WORKING } }));
      await once(subscribed, taskId);
      const artifact = { artifactId: "a", name: "release", description: "", parts, metadata: {}, extensions: [] };
      bus.publish(AgentEvent.artifactUpdate({ ...ids, artifact, append: false, lastChunk: true }));
      bus.publish(AgentEvent.statusUpdate({ ...ids, status: { ...submitted, state: TaskState.TASK_STATE_COMPLETED } }));
      bus.finished();
    },
    cancelTask: async () => {},
  };
}

function isStream(answer: unknown): answer is AsyncGenerator {
  return typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;
}

/** Goes on when nobody listens any more: the SDK's task is kept up to date by whoever reads its stream. */
function frames(stream: AsyncGenerator, onFirst: () => void): ReadableStream<string> {
  let isHeard = true;
  return new ReadableStream({
    async start(controller) {
      for await (const event of stream) {
        if (isHeard) controller.enqueue(`data: ${JSON.stringify(event)}\n\n`);
        onFirst();
      }
      if (isHeard) controller.close();
    },
    cancel() {
      isHeard = false;
    },
  });
}
