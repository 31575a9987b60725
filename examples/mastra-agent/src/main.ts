import { createServer, type IncomingMessage } from "node:http";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { RequestContext } from "@mastra/core/request-context";
import { Observability } from "@mastra/observability";
import { OtelExporter } from "@mastra/otel-exporter";
import { z } from "zod";
import { readGatewayContext, type GatewayContext } from "./gateway-context.ts";
import { lookUpOrder, refund } from "./tools.ts";

// Its own telemetry goes to its maker.
process.env["MASTRA_TELEMETRY_DISABLED"] ??= "1";

const {
  OPENAI_BASE_URL: modelUrl = "",
  OTEL_EXPORTER_OTLP_ENDPOINT: collector = "http://localhost:4318",
  PORT = "0",
} = process.env;

const endpoint = `${collector}/v1/traces`;
const exporter = new OtelExporter({ provider: { custom: { endpoint, protocol: "http/protobuf" } } });
const support = new Agent({
  id: "support",
  name: "support",
  instructions: "Solve it yourself.",
  model: { providerId: "scripted", modelId: "scripted-support-sim", url: modelUrl, apiKey: "none" },
  tools: { lookup_order: lookUpOrder, refund },
});
const mastra = new Mastra({
  agents: { support },
  logger: false,
  observability: new Observability({ configs: { perch: { serviceName: "support", exporters: [exporter] } } }),
});

type Message =
  { readonly role: "user"; readonly content: string } | { readonly role: "assistant"; readonly content: string };

// In this process only. A shadow's conversation is nobody else's.
const MAX_CONVERSATIONS = 1000;
const conversations = new Map<string, readonly Message[]>();

async function answer(message: string, context: GatewayContext): Promise<string> {
  const { traceId, spanId, session, isShadow } = context;
  const conversation = `${isShadow ? "shadow" : "user"} ${session ?? "nobody"}`;
  const messages: readonly Message[] = [...(conversations.get(conversation) ?? []), { role: "user", content: message }];
  const requestContext = new RequestContext<unknown>([
    ["isShadow", isShadow],
    ["session", session],
  ]);
  const { text } = await mastra.getAgent("support").generate([...messages], {
    requestContext,
    // In the gateway's trace the spans belong to their turn, and so to its session and release.
    ...(traceId !== null && spanId !== null && { tracingOptions: { traceId, parentSpanId: spanId } }),
  });
  remember(conversation, [...messages, { role: "assistant", content: text }]);
  return text;
}

function remember(conversation: string, messages: readonly Message[]): void {
  conversations.delete(conversation);
  conversations.set(conversation, messages);
  const [oldest] = conversations.size > MAX_CONVERSATIONS ? conversations.keys() : [];
  if (oldest !== undefined) conversations.delete(oldest);
}

const bodySchema = z.object({ message: z.string().min(1) });

async function respond(request: IncomingMessage): Promise<{ status: number; text: string }> {
  const body = bodySchema.safeParse(await readJson(request));
  if (!body.success) return { status: 400, text: `expected {"message": "…"}: ${z.prettifyError(body.error)}` };
  return { status: 200, text: await answer(body.data.message, readGatewayContext(request.headers)) };
}

async function readJson(request: AsyncIterable<unknown>): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk);
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    // The schema says what was expected.
    return undefined;
  }
}

const server = createServer((request, response) => {
  respond(request).then(
    ({ status, text }) => response.writeHead(status).end(text),
    (error: unknown) => response.writeHead(502).end(String(error)),
  );
});
server.listen(Number(PORT), "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`);
});

process.once("SIGTERM", () => {
  server.close();
  server.closeIdleConnections();
  // What is waiting is sent first.
  void mastra.shutdown().finally(() => process.exit(0));
});
