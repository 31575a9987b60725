import type { Learner, ShadowReason } from "@perch/domain";
import { fieldOf, NO_FIELDS } from "../http1/fields.ts";
import type { AgentAnswer } from "../http1/parse-answer.ts";
import type { AnswerEvents, AnswerFault, UpstreamConnection } from "../proxy/upstream-connection.ts";
import type { Upstream } from "../table/route-index.ts";

/** How a mirrored turn went. `reason` null: its answer was read to the end. */
export type ShadowResult = {
  readonly reason: ShadowReason | null;
  readonly status: number;
  readonly durationMs: number;
  readonly firstByteMs: number | null;
  readonly responseBytes: number;
};

export type ToShadow = {
  readonly method: string;
  readonly headFor: (upstream: Upstream) => string;
  readonly body: Buffer;
  /** In the order in which they are tried. */
  readonly upstreams: readonly Upstream[];
  readonly timeoutMs: number;
  /** Null when there is nothing to learn. */
  readonly learner: Learner | null;
};

export type ShadowConnection = Pick<UpstreamConnection, "ask" | "requestEnded" | "abort">;

/** What is used of the pools of upstream connections. */
export type ShadowPools = {
  acquire(origin: string, acquired: { ready(connection: ShadowConnection): void; failed(error: Error): void }): void;
  giveBack(origin: string, connection: ShadowConnection): void;
};

export type ShadowExchangeDeps = {
  readonly pools: ShadowPools;
  /** Milliseconds of a clock that never jumps. */
  readonly tick: () => number;
  /** The answer takes it back. */
  readonly later: (ms: number, run: () => void) => () => void;
  readonly maxAnswerBytes: number;
};

/** One request on its way to a shadow. The answer is looked at for ids, counted and thrown away. Ends once. */
export class ShadowExchange implements AnswerEvents {
  readonly #request: ToShadow;
  readonly #deps: ShadowExchangeDeps;
  readonly #done: (result: ShadowResult) => void;
  readonly #startedTick: number;
  readonly #cancelTimeout: () => void;
  #at = 0;
  #connection: ShadowConnection | null = null;
  #status = 0;
  #firstByteMs: number | null = null;
  #responseBytes = 0;
  #isOver = false;

  constructor(request: ToShadow, deps: ShadowExchangeDeps, done: (result: ShadowResult) => void) {
    this.#request = request;
    this.#deps = deps;
    this.#done = done;
    this.#startedTick = deps.tick();
    this.#cancelTimeout = deps.later(request.timeoutMs, () => this.abort("timeout"));
  }

  start(): void {
    const upstream = this.#request.upstreams[this.#at];
    if (upstream === undefined) this.#end(this.#at === 0 ? "not_deployed" : "unreachable");
    else this.#deps.pools.acquire(upstream.origin, this);
  }

  abort(reason: ShadowReason): void {
    if (this.#isOver) return;
    const connection = this.#connection;
    this.#end(reason);
    connection?.abort(this);
  }

  ready(connection: ShadowConnection): void {
    const upstream = this.#request.upstreams[this.#at];
    if (upstream === undefined) return;
    if (this.#isOver) {
      this.#deps.pools.giveBack(upstream.origin, connection);
      return;
    }
    this.#connection = connection;
    const writer = connection.ask({ method: this.#request.method, isUpgrade: false }, this);
    writer.begin(this.#request.headFor(upstream), { isChunked: false });
    if (this.#request.body.byteLength > 0) writer.data([this.#request.body]);
    writer.end(NO_FIELDS);
    connection.requestEnded();
    writer.flush();
  }

  /** Of a connection, or of the exchange on it. Only without a connection may another one be asked. */
  failed(fault: Error | AnswerFault): void {
    if (this.#isOver) return;
    if (!(fault instanceof Error)) {
      this.#end(fault.kind);
      return;
    }
    this.#at += 1;
    this.start();
  }

  interim(): void {}

  answerBegins(answer: AgentAnswer): void {
    if (this.#isOver) return;
    this.#status = answer.status;
    this.#request.learner?.head(answer.status, (name) => fieldOf(answer.fields, name));
  }

  answerData(pieces: readonly Buffer[]): void {
    if (this.#isOver) return;
    this.#firstByteMs ??= this.#elapsedMs();
    for (const piece of pieces) {
      this.#responseBytes += piece.byteLength;
      this.#request.learner?.chunk(piece);
    }
    if (this.#responseBytes > this.#deps.maxAnswerBytes) this.abort("answer_too_large");
  }

  answerEnds(): void {
    this.#firstByteMs ??= this.#elapsedMs();
    this.#end(null);
  }

  flush(): void {}

  agentDrained(): void {}

  /** It was not asked for, so the connection has refused it already. */
  upgraded(): void {}

  stalled(): void {
    this.#end("timeout");
  }

  #end(reason: ShadowReason | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimeout();
    this.#done({
      reason,
      status: this.#status,
      durationMs: this.#elapsedMs(),
      firstByteMs: this.#firstByteMs,
      responseBytes: this.#responseBytes,
    });
  }

  #elapsedMs(): number {
    return Math.round((this.#deps.tick() - this.#startedTick) * 1000) / 1000;
  }
}
