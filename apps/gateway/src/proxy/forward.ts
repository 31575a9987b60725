import { bucketOf } from "@perch/domain";
import { reasonOf, type Log } from "@perch/adapters/json-log";
import type { MessageWriter } from "../http1/message-writer.ts";
import type { Upstream } from "../table/route-index.ts";
import { tapped, type AnswerSink, type Brake } from "./answer-sink.ts";
import { createClientSink } from "./client-sink.ts";
import { createExchange, type Exchange, type ExchangeDeps, type Forwarding } from "./exchange.ts";
import { passedTrailers, requestLines } from "./headers.ts";
import { answerMalformed, brokeOff, notDeployed, releaseBusy, stalled, unreachable } from "./refusals.ts";
import type { ReleaseLimit } from "./release-limit.ts";
import { relay } from "./relay.ts";
import type { AnswerEvents, AnswerFault, UpstreamConnection } from "./upstream-connection.ts";
import type { UpstreamHealth } from "./upstream-health.ts";
import type { UpstreamPools } from "./upstream-pools.ts";

export type ForwardDeps = ExchangeDeps & {
  readonly pools: Pick<UpstreamPools, "acquire" | "giveBack">;
  readonly health: UpstreamHealth;
  readonly limit: ReleaseLimit;
  /** What `limit` allows; for the message. */
  readonly maxConcurrent: number | null;
  /** Longest wait for the first byte of an answer; an answer that has begun may take as long as it likes. */
  readonly upstreamTimeoutMs: number;
  readonly log: Log;
};

/** Sends a request to its release and streams the answer back. Every way this can end leaves one turn record. */
export function forward(forwarding: Forwarding, deps: ForwardDeps): void {
  const { turn, pin, release } = forwarding;
  const isLet = deps.limit.enter(pin.release);
  const exchange = createExchange(forwarding, {
    ...deps,
    onOver: () => isLet && deps.limit.leave(pin.release),
  });
  turn.listen({ gone: () => abandon(exchange), drain() {} });
  if (!isLet) {
    exchange.refuse(releaseBusy(forwarding, deps.maxConcurrent ?? 0), null, "retry-after: 1\r\n");
    return;
  }
  const [upstream, ...others] = deps.health.inOrder(inOrderOf(pin.session, release.upstreams));
  if (upstream === undefined) exchange.refuse(notDeployed(forwarding), "not_deployed");
  else connect(exchange, { upstream, others }, deps);
}

type Route = { readonly upstream: Upstream; readonly others: readonly Upstream[] };

function connect(exchange: Exchange, route: Route, deps: ForwardDeps): void {
  const { origin } = route.upstream;
  deps.pools.acquire(origin, {
    ready(connection) {
      if (exchange.isOver) deps.pools.giveBack(origin, connection);
      else send(exchange, { upstream: route.upstream, connection }, deps);
    },
    failed(error) {
      if (exchange.isOver) return;
      deps.health.failed(origin, "unreachable");
      const [next, ...others] = route.others;
      // Without a connection no byte has reached an agent: another one may be asked. Later, nobody is asked again.
      if (next !== undefined) connect(exchange, { upstream: next, others }, deps);
      else exchange.refuse(unreachable(exchange.forwarding, origin, reasonOf(error)), "upstream_unreachable");
    },
  });
}

type Way = { readonly upstream: Upstream; readonly connection: UpstreamConnection };

function send(exchange: Exchange, { upstream, connection }: Way, deps: ForwardDeps): void {
  const { turn } = exchange.forwarding;
  const { origin } = upstream;
  const patience = createPatience(deps.upstreamTimeoutMs, () => {
    connection.abort(events);
    exchange.refuse(stalled(exchange.forwarding, origin, deps.upstreamTimeoutMs / 1000), "upstream_stalled");
  });
  const brake = { pause: () => connection.pause(events), resume: () => connection.resume(events) };
  const client = createClientSink(exchange, brake, deps);
  const sink = shownToTap(client, { exchange, brake, log: deps.log });
  const events: AnswerEvents = {
    interim: (answer) => client.interim(answer),
    begin(answer) {
      patience.end();
      deps.health.answered(origin);
      sink.begin(answer);
    },
    data: (pieces) => sink.data(pieces),
    end: (trailers) => sink.end(trailers),
    flush: () => sink.flush(),
    upgraded(answer, agent) {
      patience.end();
      relay(exchange, { answer, agent, origin }, deps);
    },
    failed(fault) {
      patience.end();
      sink.broken(() => failed(exchange, { fault, origin }, deps));
    },
    drain: () => turn.body.resume(),
  };
  turn.listen({
    gone() {
      patience.end();
      connection.abort(events);
      abandon(exchange);
    },
    drain: () => connection.resume(events),
  });
  const writer = connection.ask({ method: turn.request.method, isUpgrade: turn.request.isWebSocket }, events);
  sendRequest(exchange, { upstream, connection, writer, onSent: () => patience.begin() });
}

type Shown = { readonly exchange: Exchange; readonly brake: Brake; readonly log: Log };

function shownToTap(client: AnswerSink, { exchange, brake, log }: Shown): AnswerSink {
  const { tap } = exchange.forwarding;
  if (tap === null) return client;
  const onFault = (error: unknown): void => log.error("an answer was not looked at", { reason: reasonOf(error) });
  return tapped(client, tap, { brake, onFault });
}

type Sending = Way & { readonly writer: MessageWriter; readonly onSent: () => void };

function sendRequest({ forwarding }: Exchange, { upstream, connection, writer, onSent }: Sending): void {
  const { turn, path } = forwarding;
  const { request } = turn;
  const lines = requestLines(forwarding);
  const head = `${request.method} ${upstream.basePath}${path} HTTP/1.1\r\nhost: ${upstream.host}\r\n${lines}\r\n`;
  writer.begin(head, { isChunked: request.framing.kind === "chunked" });
  let isWhole = false;
  turn.body.sendTo({
    data(pieces) {
      writer.data(pieces);
      return isWhole || writer.flush();
    },
    end(trailers) {
      isWhole = true;
      writer.end(passedTrailers(trailers));
      connection.requestEnded();
      onSent();
      writer.flush();
    },
  });
  if (!isWhole) writer.flush();
}

/** Waits for the answer from the moment on when the agent has the whole request: before that, the client sets the pace. */
function createPatience(limitMs: number, onExhausted: () => void): { begin(): void; end(): void } {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isOver = false;
  return {
    begin() {
      if (!isOver) timer = setTimeout(onExhausted, limitMs);
    },
    end() {
      isOver = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

type Failure = { readonly fault: AnswerFault; readonly origin: string };

function failed(exchange: Exchange, { fault, origin }: Failure, deps: ForwardDeps): void {
  if (exchange.isOver) return;
  const { forwarding } = exchange;
  if (exchange.status !== 0) {
    // Cut off in the middle: only a broken connection tells the client so.
    exchange.end("upstream_reset");
    forwarding.turn.cut();
    return;
  }
  deps.health.failed(origin, "broken");
  const refusal = fault.kind === "reset" ? brokeOff : answerMalformed;
  exchange.refuse(refusal(forwarding, origin, fault.reason), "upstream_reset");
}

/** The client is gone: so is the agent's reason to go on. */
function abandon(exchange: Exchange): void {
  // What nginx calls "client closed request".
  if (exchange.status === 0) exchange.status = 499;
  exchange.end("client_aborted");
}

/** The same session begins at the same place, so that an agent finds what it keeps in memory. */
function inOrderOf(session: string, upstreams: readonly Upstream[]): readonly Upstream[] {
  if (upstreams.length < 2) return upstreams;
  const first = bucketOf("upstream", session) % upstreams.length;
  return [...upstreams.slice(first), ...upstreams.slice(0, first)];
}
