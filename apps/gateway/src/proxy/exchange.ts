import { intentOf, type GatewayId, type Pin, type TaskState, type TurnFault, type TurnRecord } from "@perch/domain";
import { NO_FIELDS } from "../http1/fields.ts";
import type { Meter, StreamKind } from "../metrics/meter.ts";
import { isSafeBoundary, type Stay, type TurnUnderWay } from "../moves/under-way.ts";
import { problemOf, type Refusal } from "../problem.ts";
import type { Roster } from "../roster.ts";
import type { RoutedRelease } from "../table/route-index.ts";
import type { Tracing } from "../tracing/open-tracing.ts";
import { tracedTurnOf } from "../tracing/traced-turn.ts";
import type { Opened } from "../websocket/early-opening.ts";
import type { ClientTurn } from "./client-turn.ts";
import type { ReleaseLimit } from "./release-limit.ts";
import type { ResponseTap } from "./response-tap.ts";
import type { TraceContext } from "./trace-context.ts";

/** One request on its way to the release its session is pinned to. */
export type Forwarding = {
  readonly turn: ClientTurn;
  readonly pin: Pin;
  /** It is no turn of any session: no record is kept, and the pin names no session. */
  readonly isOutsideSessions: boolean;
  readonly release: RoutedRelease;
  /** Path and query as the agent sees them. */
  readonly path: string;
  /** What stands before that in the client's path; empty or `/…`. */
  readonly pathPrefix: string;
  readonly trace: TraceContext;
  /** Lines the gateway adds to whatever answer. */
  readonly ownLines: string;
  readonly tap: ResponseTap | null;
  /** Where the answer left its A2A task, as far as it was shown. */
  readonly taskState: () => TaskState | null;
  /** The answer is looked at: the agent must not pack it. */
  readonly needsPlainAnswer: boolean;
  /** A WebSocket that the client has already; null for everything else. */
  readonly opened: Opened | null;
  /** To be ended with the turn; null when its session is not to be moved. */
  readonly stay: Stay | null;
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
  readonly limit: ReleaseLimit;
  readonly meter: Meter;
  /** Null while the gateway makes no spans. */
  readonly tracing: Pick<Tracing, "sampler" | "ended"> | null;
  /** The turns that have not ended. */
  readonly underWay: Pick<Roster<TurnUnderWay>, "enter" | "leave">;
};

/** What has happened so far to a forwarded request. It ends once, with exactly one turn record if it is a turn. */
export class Exchange implements TurnUnderWay {
  readonly forwarding: Forwarding;
  /** The release took it on: it counts among what the release works on. */
  readonly isLet: boolean;
  status = 0;
  endsSession = false;
  stay: Stay | null;
  /** What the agent says about moving the session after this turn. */
  boundary: string | undefined;
  firstByteMs: number | null = null;
  /** Of a WebSocket, behind the handshake. */
  requestBytes = 0;
  responseBytes = 0;
  isOver = false;
  #stream: StreamKind | null = null;
  /** Among the turns under way. */
  readonly #place: number | null;
  readonly #deps: ExchangeDeps;

  constructor(forwarding: Forwarding, deps: ExchangeDeps) {
    this.forwarding = forwarding;
    this.#deps = deps;
    this.stay = forwarding.stay;
    this.#place = forwarding.isOutsideSessions ? null : deps.underWay.enter(this);
    this.isLet = deps.limit.enter(forwarding.pin.release);
  }

  get pin(): Pin {
    return this.forwarding.pin;
  }

  hasFirstByte(): void {
    this.firstByteMs ??= inMicros(this.#deps.tick() - this.forwarding.startedTick);
  }

  /** From here until its end the answer is one that somebody listens to. */
  streams(kind: StreamKind): void {
    this.#stream = kind;
    this.#deps.meter.opened(kind);
  }

  /** Writes the record. The answer's last byte leaves in `onKept`, so that a finished answer is a recorded one. */
  end(fault: TurnFault, onKept?: () => void): void {
    if (this.isOver) return;
    this.isOver = true;
    if (this.#place !== null) this.#deps.underWay.leave(this.#place);
    const { stay } = this;
    const then = stay === null ? onKept : () => this.#leave(stay, fault, onKept);
    if (this.forwarding.isOutsideSessions) onKept?.();
    else this.#keep(fault, then);
    if (this.#stream !== null) this.#deps.meter.closed(this.#stream);
    if (this.isLet) this.#deps.limit.leave(this.forwarding.pin.release);
  }

  /** Ends with an answer of the gateway's own, when none of the agent's has begun. */
  refuse(refusal: Refusal, fault: TurnFault, lines = ""): void {
    if (this.isOver) return;
    const { turn, ownLines } = this.forwarding;
    this.status = refusal.status;
    this.#deps.meter.refused(refusal.code);
    const { head, body } = problemOf(refusal, ownLines + lines);
    turn.begin(head);
    if (turn.request.method !== "HEAD") turn.data([body]);
    this.end(fault, () => turn.end(NO_FIELDS));
  }

  #keep(fault: TurnFault, onKept?: () => void): void {
    const record = this.#turnRecord(fault);
    this.#deps.record(record, onKept);
    const { tracing } = this.#deps;
    if (tracing !== null && this.forwarding.trace.isSampled) tracing.ended(tracedTurnOf(this.forwarding, record));
  }

  #leave(stay: Stay, fault: TurnFault, then: () => void = () => {}): void {
    stay.end(fault === null && isSafeBoundary(this.boundary), then);
  }

  #turnRecord(fault: TurnFault): TurnRecord {
    const { turn, pin, trace, startedAt, startedTick } = this.forwarding;
    const isOnlyTheEnd = this.endsSession && this.status === 204;
    return {
      id: this.#deps.newId(),
      kind: isOnlyTheEnd ? "sessionEnd" : "turn",
      gateway: this.#deps.gateway,
      agent: pin.agent,
      session: pin.session,
      release: pin.release,
      arm: pin.arm,
      rollout: pin.rollout,
      step: pin.step,
      traceId: trace.traceId,
      startedAt,
      durationMs: inMicros(this.#deps.tick() - startedTick),
      firstByteMs: this.firstByteMs,
      status: this.status,
      fault,
      requestBytes: turn.body.bytes + this.requestBytes,
      responseBytes: this.responseBytes,
      endsSession: this.endsSession,
      intent: intentOf(pin),
      taskState: this.forwarding.taskState(),
      isSynthetic: false,
    };
  }
}

/** More digits than anybody can use are still digits to write and to send. */
function inMicros(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
