import type { ShadowReason } from "@perch/domain";
import type { Fields } from "../http1/fields.ts";
import type { ClientTurn } from "../proxy/client-turn.ts";
import type { BodyWatcher } from "../proxy/request-body.ts";
import type { MirrorBudget } from "./mirror-budget.ts";

export type CopyEvents = {
  /** The user's agent has been given the whole request: now it may be sent a second time. */
  complete(): void;
  /** There is no room for it. It has let go of everything. */
  overflow(reason: ShadowReason): void;
};

export type CopyDeps = { readonly budget: MirrorBudget; readonly maxBytes: number };

/** A copy of a request, which grows as the request passes by. It never holds the request up: it is given up instead. */
export class RequestCopy implements BodyWatcher {
  readonly method: string;
  readonly query: string;
  readonly fields: Fields;
  readonly remoteAddress: string;
  readonly hasBody: boolean;
  /** Held, head and body. */
  bytes: number;
  isComplete = false;
  readonly #deps: CopyDeps;
  readonly #events: CopyEvents;
  #body: Buffer[] = [];
  #isReleased = false;

  constructor(turn: ClientTurn, deps: CopyDeps, events: CopyEvents) {
    const { method, path, query, fields } = turn.request;
    this.method = method;
    this.query = query;
    this.fields = fields;
    this.remoteAddress = turn.remoteAddress;
    this.hasBody = turn.request.framing.kind !== "none";
    this.bytes = path.length + query.length + lengthOf(fields);
    this.#deps = deps;
    this.#events = events;
  }

  /** Null when there is room for it. */
  begin(turn: ClientTurn): ShadowReason | null {
    const { budget, maxBytes } = this.#deps;
    const { framing } = turn.request;
    if (this.bytes + (framing.kind === "fixed" ? framing.bytes : 0) > maxBytes) return "body_too_large";
    if (!budget.enter()) return "queue_full";
    if (budget.take(this.bytes)) return null;
    budget.leave(0);
    return "queue_full";
  }

  pieces(pieces: readonly Buffer[]): void {
    if (this.#isReleased) return;
    const { budget, maxBytes } = this.#deps;
    for (const piece of pieces) {
      const reason = this.bytes + piece.byteLength > maxBytes ? "body_too_large" : "queue_full";
      if (reason === "body_too_large" || !budget.take(piece.byteLength)) {
        this.release();
        this.#events.overflow(reason);
        return;
      }
      this.bytes += piece.byteLength;
      // Of its own: a piece is cut out of a larger chunk, all of which it would keep in memory.
      this.#body.push(Buffer.from(piece));
    }
  }

  passedOn(): void {
    if (this.#isReleased) return;
    this.isComplete = true;
    this.#events.complete();
  }

  body(): Buffer {
    const whole = Buffer.concat(this.#body);
    this.#body = [whole];
    return whole;
  }

  /** Lets go of all that it holds. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#body = [];
    this.#deps.budget.leave(this.bytes);
  }
}

function lengthOf({ names, values }: Fields): number {
  let length = 0;
  for (const text of names) length += text.length;
  for (const text of values) length += text.length;
  return length;
}
