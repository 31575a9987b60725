// HTTP: POST /chat, POST /chat/end and GET /healthz.
import { createServer } from "node:http";

const MAX_BODY_BYTES = 64 * 1024;

export function createChatServer(deps) {
  const server = createServer((request, response) => {
    response.setHeader("x-agent-version", deps.version);
    route(deps, request, response).catch((error) => {
      // A client that leaves in the middle of its own request is its own business.
      if (!request.complete) return response.destroy();
      deps.log("error", `request failed: ${error.message}`);
      sendProblem(response, 500, "internal", "the agent failed unexpectedly", "its log names the cause");
    });
  });
  // Longer than a gateway keeps its idle connections, so that the agent is never the one that closes first.
  server.keepAliveTimeout = 75_000;
  return server;
}

async function route(deps, request, response) {
  const target = `${request.method} ${request.url.split("?", 1)[0]}`;
  if (target === "POST /chat") return chat(deps, request, response);
  if (target === "POST /chat/end") return endChat(deps, request, response);
  if (target === "GET /healthz") {
    response.writeHead(200, { "content-type": "application/json" }).end('{"status":"ok"}');
    return;
  }
  const message = `found ${target.slice(0, 200)}, expected POST /chat, POST /chat/end or GET /healthz`;
  sendProblem(response, 404, "not_found", message, "see the agent's README");
}

async function endChat({ conversations }, request, response) {
  const body = await readBody(request, response, { sessionId: 200 });
  if (body === null) return;
  conversations.end(body.sessionId);
  response.writeHead(204, { "x-perch-session-end": "1" }).end();
}

async function chat(deps, request, response) {
  const body = await readBody(request, response, { sessionId: 200, message: 4_000 });
  if (body === null) return;
  const { sessionId } = body;
  if (!deps.conversations.reserve(sessionId)) {
    const message = "this session's last message is still being answered";
    return sendProblem(response, 409, "turn_in_progress", message, "wait for that answer, then send it again");
  }
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  try {
    await streamTurn(deps, { body, response, signal: gone.signal, headers: request.headers });
  } finally {
    deps.conversations.release(sessionId);
  }
}

async function streamTurn({ answer, conversations, telemetry, log }, { body, response, signal, headers }) {
  const { sessionId: session, message } = body;
  const trace = telemetry.startTurn(headers, message);
  try {
    const conversation = conversations.read(session);
    const onDelta = (delta) => response.write(startOf(response, { delta }));
    const { turn, escalated } = await answer({ conversation, message, session, signal, trace, onDelta });
    conversations.append(session, turn, escalated);
    response.end(startOf(response, { done: true, escalated }));
    trace.end(null);
  } catch (error) {
    trace.end(error);
    if (signal.aborted) return;
    log("warn", `the model call failed: ${reasonOf(error)}`, { session });
    const problem = ["model_failed", "the model did not answer", "send the message again in a moment"];
    if (!response.headersSent) return sendProblem(response, 502, ...problem);
    // The status is out already: the event says that the answer is cut, and `done` never comes.
    response.end(startOf(response, { error: problemOf(...problem) }));
  }
}

/** Node keeps why a request failed one level down. */
function reasonOf({ message, cause }) {
  return `${message}${cause?.message ? ` (${cause.message})` : ""}`.slice(0, 500);
}

/** An event; before the first one the headers, so that a model that fails at once still gives an honest status. */
function startOf(response, event) {
  if (!response.headersSent) {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
  }
  return `data: ${JSON.stringify(event)}\n\n`;
}

/** The body with these text fields, each of at most so many characters; null when the answer has been refused. */
async function readBody(request, response, fields) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  const names = Object.keys(fields).map((field) => `"${field}": "…"`);
  const shape = `expected { ${names.join(", ")} }`;
  if (bytes > MAX_BODY_BYTES) {
    const message = `the body has ${bytes} bytes, expected at most ${MAX_BODY_BYTES}`;
    return sendProblem(response, 413, "body_too_large", message, "send a shorter message");
  }
  const body = parseJson(Buffer.concat(chunks).toString("utf8"));
  if (body === undefined) return sendProblem(response, 400, "body_not_json", "the body is not JSON", shape);
  const wrong = Object.entries(fields).flatMap(([field, most]) => {
    const value = Object(body)[field];
    const isRight = typeof value === "string" && value.trim() !== "" && value.length <= most;
    return isRight ? [] : [`${field}: expected a text of 1 to ${most} characters`];
  });
  if (wrong.length > 0) return sendProblem(response, 400, "body_invalid", wrong.join("; "), shape);
  return body;
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    // JSON has no way to say it, so it is free to mean "not JSON".
    return undefined;
  }
}

/** The same body for every answer of 400 and above. */
function sendProblem(response, status, ...problem) {
  const body = JSON.stringify({ error: problemOf(...problem) });
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { "content-type": "application/json" }).end(body);
  return null;
}

function problemOf(code, message, hint) {
  return { code, message, hint };
}
