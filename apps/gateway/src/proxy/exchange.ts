import type { GatewayId, Pin, TurnFault, TurnRecord } from "@perch/domain";
import { NO_FIELDS } from "../http1/fields.ts";
import { problemOf, type Refusal } from "../problem.ts";
import type { RoutedRelease } from "../table/route-index.ts";
import type { Opened } from "../websocket/early-opening.ts";
import type { ClientTurn } from "./client-turn.ts";
import type { ResponseTap } from "./response-tap.ts";
import type { TraceContext } from "./trace-context.ts";

/** One request on its way to the release its session is pinned to. */
export type Forwarding = {
  readonly turn: ClientTurn;
  readonly pin: Pin;
  readonly release: RoutedRelease;
  /** Path and query as the agent sees them. */
  readonly path: string;
  readonly trace: TraceContext;
  /** Lines the gateway adds to whatever answer. */
  readonly ownLines: string;
  readonly tap: ResponseTap | null;
  /** The answer is looked at: the agent must not pack it. */
  readonly needsPlainAnswer: boolean;
  /** A WebSocket that the client has already; null for everything else. */
  readonly opened: Opened | null;
  readonly startedAt: number;
  readonly startedTick: number;
};

export type ExchangeDeps = {
  readonly gateway: GatewayId;
  /** Keeps a record; what is to be done once it is kept comes second. */
  readonly record: (turn: TurnRecord, onKept?: () => void) => void;
  readonly newId: () => string;
  /** Milliseconds of a clock that never jumps. */
  readonly tick: () => number;
};

/** What has happened so far to a forwarded request. It ends once, with exactly one turn record. */
export type Exchange = {
  readonly forwarding: Forwarding;
  status: number;
  endsSession: boolean;
  firstByteMs: number | null;
  requestBytes: number;
  responseBytes: number;
  isOver: boolean;
  /** Writes the record. The answer's last byte leaves in `onKept`, so that a finished answer is a recorded one. */
  end(fault: TurnFault, onKept?: () => void): void;
  /** Ends with an answer of the gateway's own, when none of the agent's has begun. */
  refuse(refusal: Refusal, fault: TurnFault, lines?: string): void;
};

/** `onOver` is called once, whatever the end. */
export function createExchange(
  forwarding: Forwarding,
  { onOver, ...deps }: ExchangeDeps & { readonly onOver: () => void },
): Exchange {
  const { turn } = forwarding;
  const exchange: Exchange = {
    forwarding,
    status: 0,
    endsSession: false,
    firstByteMs: null,
    requestBytes: 0,
    responseBytes: 0,
    isOver: false,
    end(fault, onKept) {
      if (exchange.isOver) return;
      exchange.isOver = true;
      deps.record(turnOf(exchange, fault, deps), onKept);
      onOver();
    },
    refuse(refusal, fault, lines = "") {
      if (exchange.isOver) return;
      exchange.status = refusal.status;
      const { head, body } = problemOf(refusal, forwarding.ownLines + lines);
      turn.begin(head);
      if (turn.request.method !== "HEAD") turn.data([body]);
      exchange.end(fault, () => turn.end(NO_FIELDS));
    },
  };
  return exchange;
}

function turnOf(exchange: Exchange, fault: TurnFault, { gateway, newId, tick }: ExchangeDeps): TurnRecord {
  const { turn, pin, trace, startedAt, startedTick } = exchange.forwarding;
  const isOnlyTheEnd = exchange.endsSession && exchange.status === 204;
  return {
    id: newId(),
    kind: isOnlyTheEnd ? "sessionEnd" : "turn",
    gateway,
    agent: pin.agent,
    session: pin.session,
    release: pin.release,
    arm: pin.arm,
    rollout: pin.rollout,
    step: pin.step,
    traceId: trace.traceId,
    startedAt,
    durationMs: tick() - startedTick,
    firstByteMs: exchange.firstByteMs,
    status: exchange.status,
    fault,
    requestBytes: turn.body.bytes + exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    endsSession: exchange.endsSession,
    isSynthetic: false,
  };
}
