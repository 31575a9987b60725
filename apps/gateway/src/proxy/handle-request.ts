import type { IncomingMessage, ServerResponse } from "node:http";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import { sendProblem, type Refusal } from "../problem.ts";
import { placeRequest, type PlaceRequestDeps } from "../session/place-request.ts";
import { createRequestBody } from "../session/request-body.ts";
import { assignmentOf } from "./assignment-record.ts";
import { requestHeadOf } from "./request-head.ts";
import { forward, type ForwardDeps } from "./forward.ts";
import { traceContextOf } from "./trace-context.ts";

export type HandleRequestDeps = ForwardDeps &
  PlaceRequestDeps & {
    readonly log: Log;
    readonly randomHex: (bytes: number) => string;
    /** Answers paths of the gateway itself; false when this is none. */
    readonly admin: (path: string, request: IncomingMessage, response: ServerResponse) => boolean;
  };

/** A whole request: whose it is, which release its session belongs to, and the way there and back. */
export function createRequestHandler(
  deps: HandleRequestDeps,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    // Both end with the exchange, which looks at what became of them.
    request.on("error", () => {});
    response.on("error", () => {});
    handle(request, response, deps).catch((error: unknown) => {
      if (response.closed || (request.destroyed && !request.complete)) return;
      deps.log.error("a request failed inside the gateway", { reason: reasonOf(error) });
      if (response.headersSent) response.destroy();
      else sendProblem(response, internalError(error));
    });
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, deps: HandleRequestDeps): Promise<void> {
  const started = { startedAt: deps.now(), startedTick: deps.tick() };
  const { path, query } = targetOf(request.url ?? "/");
  if (deps.admin(path, request, response)) return;
  if (request.headers.upgrade?.toLowerCase() === "websocket") {
    sendProblem(response, NO_WEBSOCKET);
    return;
  }
  const body = createRequestBody(request);
  if (body.isShort) await body.peek();
  const head = requestHeadOf(request, { path, query });
  const place = await placeRequest({ head, peekBody: () => body.peek(), peekFrame: null }, deps);
  if (place.kind === "refused") {
    sendProblem(response, place.refusal);
    return;
  }
  const { pin, release, ownHeaders, learner, needsPlainAnswer } = place;
  const trace = traceContextOf(request.headers.traceparent, deps.randomHex);
  if (place.isAssigned) deps.record(assignmentOf(pin, trace.traceId, deps));
  const forwarding = { request, response, body, pin, release, path: `${place.agentPath}${query}`, trace, ownHeaders };
  forward({ ...forwarding, learner, needsPlainAnswer, ...started }, deps);
}

/** HTTP also allows the absolute form, which clients use towards a proxy (RFC 9112, section 3.2.2). */
function targetOf(url: string): { path: string; query: string } {
  const target = url.startsWith("/") ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "") || "/";
  const mark = target.indexOf("?");
  return mark < 0 ? { path: target, query: "" } : { path: target.slice(0, mark), query: target.slice(mark) };
}

const NO_WEBSOCKET: Refusal = {
  status: 501,
  code: "websocket_unsupported",
  message: "found a WebSocket handshake, expected a plain HTTP request",
  hint: "use HTTP with server-sent events for streaming answers",
};

function internalError(error: unknown): Refusal {
  return {
    status: 500,
    code: "internal",
    message: `the gateway could not handle this request: ${reasonOf(error)}`,
    hint: "see the gateway's log",
  };
}
