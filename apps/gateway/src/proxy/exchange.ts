import type { IncomingMessage, ServerResponse } from "node:http";
import type { GatewayId, Pin, TurnFault, TurnRecord } from "@perch/domain";
import type { Dispatcher } from "undici";
import { sendProblem, type Refusal } from "../problem.ts";
import type { AliasLearner } from "../session/learn-aliases.ts";
import type { RequestBody } from "../session/request-body.ts";
import type { RoutedRelease } from "../table/route-index.ts";
import type { TraceContext } from "./trace-context.ts";

/** One request on its way to the release its session is pinned to. */
export type Forwarding = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: RequestBody;
  readonly pin: Pin;
  readonly release: RoutedRelease;
  /** Path and query as the agent sees them. */
  readonly path: string;
  readonly trace: TraceContext;
  /** Names and values the gateway adds to whatever answer. */
  readonly ownHeaders: readonly string[];
  readonly learner: AliasLearner | null;
  readonly needsPlainAnswer: boolean;
  readonly startedAt: number;
  readonly startedTick: number;
};

export type ExchangeDeps = {
  readonly gateway: GatewayId;
  readonly record: (turn: TurnRecord) => void;
  readonly newId: () => string;
  /** Milliseconds of a clock that never jumps. */
  readonly tick: () => number;
};

/** What has happened so far to a forwarded request. It ends once, with exactly one turn record. */
export type Exchange = {
  readonly forwarding: Forwarding;
  controller: Dispatcher.DispatchController | null;
  status: number;
  endsSession: boolean;
  firstByteMs: number | null;
  responseBytes: number;
  isOver: boolean;
  /** Writes the record. Called before the answer's last byte leaves, so that a finished answer is a recorded one. */
  end(fault: TurnFault): void;
  /** Ends with an answer of the gateway's own, when none of the agent's has begun. */
  refuse(refusal: Refusal, fault: TurnFault): void;
};

export function createExchange(forwarding: Forwarding, deps: ExchangeDeps): Exchange {
  const exchange: Exchange = {
    forwarding,
    controller: null,
    status: 0,
    endsSession: false,
    firstByteMs: null,
    responseBytes: 0,
    isOver: false,
    end(fault) {
      if (exchange.isOver) return;
      exchange.isOver = true;
      deps.record(turnOf(exchange, fault, deps));
    },
    refuse(refusal, fault) {
      if (exchange.isOver) return;
      exchange.status = refusal.status;
      exchange.end(fault);
      sendProblem(forwarding.response, refusal, forwarding.ownHeaders);
    },
  };
  return exchange;
}

function turnOf(exchange: Exchange, fault: TurnFault, { gateway, newId, tick }: ExchangeDeps): TurnRecord {
  const { pin, body, trace, startedAt, startedTick } = exchange.forwarding;
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
    requestBytes: body.bytes(),
    responseBytes: exchange.responseBytes,
    endsSession: exchange.endsSession,
    isSynthetic: false,
  };
}
