import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { planAnswer } from "../answer/plan-answer.ts";
import { estimateUsage, formatChunks, formatCompletion, MODEL_NAME, type CompletionIds } from "./format-completion.ts";
import { parseChatRequest } from "./parse-chat-request.ts";

const MAX_BODY_BYTES = 1_000_000;

export type ModelServerOptions = {
  /** Pause before each chunk, as a model would think. */
  readonly chunkDelayMs: number;
  readonly now: () => number;
};

/** An OpenAI-compatible endpoint: `POST /v1/chat/completions` and `GET /v1/models`. Not yet listening. */
export function createModelServer(options: ModelServerOptions): Server {
  // Ids of tool calls must not repeat within a conversation, even one that outlives a restart of this server.
  const run = options.now().toString(36);
  let count = 0;
  const nextIds = (): CompletionIds => ({
    id: `chatcmpl-sim-${run}-${(count++).toString(36)}`,
    createdSeconds: Math.floor(options.now() / 1000),
  });
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0];
    if (request.method === "POST" && path === "/v1/chat/completions") {
      answerChat({ request, response, ids: nextIds(), options }).catch(() => response.destroy());
    } else if (request.method === "GET" && path === "/v1/models") {
      sendJson(response, 200, {
        object: "list",
        data: [
          { id: MODEL_NAME, object: "model", created: 0, owned_by: "perch-example (simulated, no language model)" },
        ],
      });
    } else if (request.method === "GET" && path === "/healthz") {
      sendJson(response, 200, { status: "ok" });
    } else {
      sendError(response, 404, `found ${request.method} ${path}, expected POST /v1/chat/completions or GET /v1/models`);
    }
  });
  server.keepAliveTimeout = 60_000;
  return server;
}

type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly ids: CompletionIds;
  readonly options: ModelServerOptions;
};

async function answerChat({ request, response, ids, options }: Exchange): Promise<void> {
  const body = await readBody(request);
  if (body === null) return sendError(response, 413, `the body is larger than ${MAX_BODY_BYTES} bytes`);
  const parsed = parseChatRequest(body);
  if (parsed.kind === "malformed") return sendError(response, 400, parsed.message);
  const { conversation, isStream, includeUsage } = parsed.request;
  const answer = planAnswer(conversation);
  const usage = estimateUsage(body, answer);
  if (!isStream) {
    await pause(options.chunkDelayMs);
    response.writeHead(200, { "content-type": "application/json" }).end(formatCompletion(answer, ids, usage));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  const chunks = formatChunks(answer, ids, includeUsage ? usage : null);
  for (const [index, chunk] of chunks.entries()) {
    await pause(options.chunkDelayMs);
    if (response.destroyed) return;
    // The last piece and the end of the response leave in one packet.
    if (index === chunks.length - 1) response.end(chunk);
    else response.write(chunk);
  }
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_BODY_BYTES ? null : Buffer.concat(chunks).toString("utf8");
}

async function pause(delayMs: number): Promise<void> {
  if (delayMs > 0) await sleep(delayMs);
}

function sendError(response: ServerResponse, status: number, message: string): void {
  // The shape that OpenAI clients read their error message from.
  sendJson(response, status, { error: { message, type: "invalid_request_error", param: null, code: null } });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
