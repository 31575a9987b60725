import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Answerer } from "./answer-turn.ts";
import type { Conversations } from "./conversations.ts";
import { chatBody, endBody, parseBody } from "./parse-body.ts";
import { sendProblem } from "./problem.ts";

export type ChatServerDeps = {
  readonly answer: Answerer;
  readonly conversations: Conversations;
  readonly version: string;
  readonly log: (level: "warn" | "error", message: string, ids: Readonly<Record<string, string>>) => void;
};

/** `POST /chat`, `POST /chat/end` and `GET /healthz`. Not yet listening. */
export function createChatServer(deps: ChatServerDeps): Server {
  const server = createServer((request, response) => {
    response.setHeader("x-agent-version", deps.version);
    route(deps, request, response).catch((error: unknown) => {
      // A client that leaves in the middle of its own request is its own business.
      if (!request.complete) return response.destroy();
      deps.log("error", `request failed: ${describe(error)}`, {});
      const hint = "try again; the log of the agent names the cause";
      sendProblem(response, 500, { code: "internal", message: "the agent failed unexpectedly", hint });
    });
  });
  // Longer than a gateway keeps its idle connections, so that the agent is never the one that closes first.
  server.keepAliveTimeout = 75_000;
  return server;
}

async function route(deps: ChatServerDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0];
  const target = `${request.method} ${path}`;
  switch (target) {
    case "POST /chat":
      return answerChat(deps, request, response);
    case "POST /chat/end":
      return endChat(deps, request, response);
    case "GET /healthz":
      response.writeHead(200, { "content-type": "application/json" }).end('{"status":"ok"}');
      return;
    default:
      sendProblem(response, 404, {
        code: "not_found",
        message: `found ${target.slice(0, 200)}, expected POST /chat, POST /chat/end or GET /healthz`,
        hint: "see the README of the example",
      });
  }
}

async function endChat(deps: ChatServerDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parsed = await parseBody(request, endBody);
  if (parsed.kind === "rejected") return sendProblem(response, parsed.status, parsed.problem);
  deps.conversations.end(parsed.value.sessionId);
  response.writeHead(204, { "x-perch-session-end": "1" }).end();
}

async function answerChat(deps: ChatServerDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parsed = await parseBody(request, chatBody);
  if (parsed.kind === "rejected") return sendProblem(response, parsed.status, parsed.problem);
  const { sessionId, message } = parsed.value;
  if (!deps.conversations.reserve(sessionId)) {
    return sendProblem(response, 409, {
      code: "turn_in_progress",
      message: "this session's last message is still being answered",
      hint: "wait for that answer, then send the message again",
    });
  }
  const gone = new AbortController();
  // Also emitted after a complete answer, where aborting would only cost: every listener builds an error.
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  try {
    await streamTurn(deps, { sessionId, message, response, signal: gone.signal });
  } finally {
    deps.conversations.release(sessionId);
  }
}

type TurnInput = {
  readonly sessionId: string;
  readonly message: string;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
};

async function streamTurn(deps: ChatServerDeps, { sessionId, message, response, signal }: TurnInput): Promise<void> {
  try {
    const { turn, isEscalated } = await deps.answer({
      conversation: deps.conversations.read(sessionId),
      message,
      signal,
      onDelta: (delta) => sendEvent(response, { delta }),
    });
    deps.conversations.append(sessionId, turn, isEscalated);
    sendEvent(response, { done: true, escalated: isEscalated }, "last");
  } catch (error) {
    if (signal.aborted) return;
    deps.log("warn", `the model call failed: ${describe(error)}`, { session: sessionId });
    const hint = "send the message again in a moment";
    const problem = { code: "model_failed", message: "the model did not answer", hint };
    if (!response.headersSent) return sendProblem(response, 502, problem);
    // The status is out already: the event says that the answer is cut, and `done` never comes.
    sendEvent(response, { error: problem }, "last");
  }
}

function sendEvent(response: ServerResponse, event: unknown, place: "more" | "last" = "more"): void {
  // Headers wait for the first event, so that a model that fails at once still gives an honest status.
  if (!response.headersSent) {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
  }
  const line = `data: ${JSON.stringify(event)}\n\n`;
  if (place === "last") response.end(line);
  else response.write(line);
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.slice(0, 300)}` : "unknown";
}
