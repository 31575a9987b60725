import type { ServerResponse } from "node:http";
import { bucketOf } from "@perch/domain";
import type { Dispatcher } from "undici";
import { reasonOf } from "@perch/adapters/json-log";
import type { Refusal } from "../problem.ts";
import type { Upstream } from "../table/route-index.ts";
import { createExchange, type Exchange, type ExchangeDeps, type Forwarding } from "./exchange.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { createInOrder } from "../session/in-order.ts";
import type { UpstreamPools } from "./upstream-pools.ts";

export type ForwardDeps = ExchangeDeps & {
  readonly pools: Pick<UpstreamPools, "of">;
  /** Longest wait for the first byte of an answer; an answer that has begun may take as long as it likes. */
  readonly upstreamTimeoutMs: number;
};

/** Sends a request to its release and streams the answer back. Every way this can end leaves one turn record. */
export function forward(forwarding: Forwarding, deps: ForwardDeps): void {
  const exchange = createExchange(forwarding, deps);
  forwarding.response.once("close", () => abandon(exchange));
  const [upstream, ...others] = inOrderOf(forwarding.pin.session, forwarding.release.upstreams);
  if (upstream === undefined) {
    exchange.refuse(notDeployed(forwarding), "not_deployed");
    return;
  }
  send(exchange, { upstream, others }, deps);
}

type Route = { readonly upstream: Upstream; readonly others: readonly Upstream[] };

function send(exchange: Exchange, route: Route, deps: ForwardDeps): void {
  const { request, body, path } = exchange.forwarding;
  const { pin, release, trace, needsPlainAnswer } = exchange.forwarding;
  const options = {
    path: `${route.upstream.basePath}${path}`,
    method: request.method ?? "GET",
    headers: requestHeaders(request, { pin, version: release.version, trace, needsPlainAnswer }),
    body: body.outgoing(),
    headersTimeout: deps.upstreamTimeoutMs,
    // An agent may think as long as it likes between two bytes.
    bodyTimeout: 0,
  };
  deps.pools.of(route.upstream.origin).dispatch(options, answerHandler(exchange, route, deps));
}

function answerHandler(exchange: Exchange, route: Route, deps: ForwardDeps): Dispatcher.DispatchHandler {
  const { response, learner } = exchange.forwarding;
  const flow = (): void => {
    if (!order.isWaiting() && !response.writableNeedDrain) exchange.controller?.resume();
  };
  // Held up while an id in the answer becomes known to all gateways.
  const order = createInOrder(flow);
  const pass = (learned: Promise<void> | undefined, step: () => void): void => {
    order.take(learned, step);
    if (order.isWaiting()) exchange.controller?.pause();
  };
  return {
    onRequestStart(controller) {
      exchange.controller = controller;
      if (exchange.isOver) controller.abort(new Error("the client went away"));
    },
    onResponseStart(_controller, status, headers) {
      // 100 Continue and early hints were for us.
      if (status < 200 || exchange.isOver) return;
      response.on("drain", flow);
      pass(
        learner?.head(status, (name) => headerOf(headers, name)),
        () => beginAnswer(exchange, status, headers),
      );
    },
    onResponseData(controller, chunk) {
      pass(learner?.chunk(chunk), () => {
        if (exchange.isOver) return;
        exchange.firstByteMs ??= deps.tick() - exchange.forwarding.startedTick;
        exchange.responseBytes += chunk.byteLength;
        gather(response);
        if (!response.write(chunk)) controller.pause();
      });
    },
    onResponseEnd() {
      pass(undefined, () => {
        exchange.firstByteMs ??= deps.tick() - exchange.forwarding.startedTick;
        exchange.end(null);
        response.end();
      });
    },
    onResponseError(_controller, error) {
      pass(undefined, () => failed(exchange, { error, route }, deps));
    },
  };
}

function headerOf(headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

function beginAnswer(exchange: Exchange, status: number, headers: AnswerHeaders): void {
  const { request, response, ownHeaders } = exchange.forwarding;
  if (exchange.isOver) return;
  exchange.status = status;
  exchange.endsSession = headers["x-perch-session-end"] === "1";
  // What is left of a request that was answered early would be taken for the next one.
  const closing = request.complete ? [] : ["connection", "close"];
  gather(response);
  response.writeHead(status, [...responseHeaders(headers), ...ownHeaders, ...closing]);
  // The head goes ahead alone only when the agent still thinks about the rest.
  queueMicrotask(() => {
    if (exchange.responseBytes === 0 && !exchange.isOver) response.flushHeaders();
  });
}

/**
 * What the agent sent in one piece leaves in one piece: fewer system calls, and an answer that is whole by then goes out
 * with its end, so after its record.
 */
function gather({ socket }: ServerResponse): void {
  if (socket === null || socket.writableCorked > 0) return;
  socket.cork();
  queueMicrotask(() => socket.uncork());
}

function failed(exchange: Exchange, { error, route }: { error: Error; route: Route }, deps: ForwardDeps): void {
  if (exchange.isOver) return;
  const { request, response } = exchange.forwarding;
  if (request.errored !== null || response.closed) {
    abandon(exchange);
    return;
  }
  if (exchange.status !== 0) {
    // Cut off in the middle: only a broken connection tells the client so.
    exchange.end("upstream_reset");
    response.destroy();
    return;
  }
  const [next, ...others] = route.others;
  // Without a connection no byte has reached an agent: another one may be asked.
  if (exchange.controller === null && next !== undefined && isConnectFailure(error)) {
    send(exchange, { upstream: next, others }, deps);
    return;
  }
  refuseFor(exchange, { error, origin: route.upstream.origin }, deps);
}

/** The client is gone: so is the agent's reason to go on. */
function abandon(exchange: Exchange): void {
  if (exchange.isOver) return;
  // What nginx calls "client closed request".
  if (exchange.status === 0) exchange.status = 499;
  exchange.end("client_aborted");
  exchange.controller?.abort(new Error("the client went away"));
  exchange.forwarding.response.destroy();
}

function isConnectFailure(error: Error): boolean {
  return !["UND_ERR_INVALID_ARG", "UND_ERR_NOT_SUPPORTED"].includes(codeOf(error));
}

function refuseFor(exchange: Exchange, { error, origin }: { error: Error; origin: string }, deps: ForwardDeps): void {
  const name = nameOf(exchange.forwarding);
  const code = codeOf(error);
  if (code === "UND_ERR_HEADERS_TIMEOUT") {
    const seconds = deps.upstreamTimeoutMs / 1000;
    const message = `${name} at ${origin} has not begun its answer within ${seconds} s`;
    const hint = "see what the agent waits for; --upstream-timeout of the gateway sets the limit";
    exchange.refuse({ status: 504, code: "upstream_stalled", message, hint }, "upstream_stalled");
    return;
  }
  if (!isConnectFailure(error)) {
    const message = `the request cannot be passed on: ${reasonOf(error)}`;
    const hint = "correct the request's path and headers";
    exchange.refuse({ status: 400, code: "request_not_forwardable", message, hint }, null);
    return;
  }
  if (exchange.controller === null) {
    const message = `${name} cannot be reached at ${origin}: ${reasonOf(error)}`;
    const hint = "start the release again with `perch deploy`";
    exchange.refuse({ status: 502, code: "upstream_unreachable", message, hint }, "upstream_unreachable");
    return;
  }
  const message = `${name} at ${origin} broke off before its answer began: ${reasonOf(error)}`;
  const hint = "see the agent's log; the request may have taken effect, so it was not sent again";
  exchange.refuse({ status: 502, code: "upstream_reset", message, hint }, "upstream_reset");
}

function notDeployed(forwarding: Forwarding): Refusal {
  return {
    status: 503,
    code: "not_deployed",
    message: `${nameOf(forwarding)} is pinned for this session, but runs nowhere just now`,
    hint: `start it with \`perch deploy ${forwarding.pin.agent}@${forwarding.release.version}\``,
  };
}

function nameOf({ pin, release }: Forwarding): string {
  return `${pin.agent}@${release.version}`;
}

/** The same session begins at the same place, so that an agent finds what it keeps in memory. */
function inOrderOf(session: string, upstreams: readonly Upstream[]): readonly Upstream[] {
  if (upstreams.length < 2) return upstreams;
  const first = bucketOf("upstream", session) % upstreams.length;
  return [...upstreams.slice(first), ...upstreams.slice(0, first)];
}

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : "";
}
