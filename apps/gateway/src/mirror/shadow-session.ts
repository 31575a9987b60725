import type { Pin } from "@perch/domain";
import type { TraceContext } from "../proxy/trace-context.ts";
import { createPairedIds, type PairedIds } from "./paired-ids.ts";
import type { RequestCopy } from "./request-copy.ts";
import type { ShadowExchange } from "./shadow-exchange.ts";

export type ShadowedPin = Pin & { readonly shadow: NonNullable<Pin["shadow"]> };

/** A turn of the user's that is to be mirrored. */
export type ShadowJob = {
  /** 1, 2, 3 … in the order in which the user's requests came. */
  readonly turn: number;
  readonly pin: ShadowedPin;
  /** As the agent sees it, without the query. */
  readonly path: string;
  readonly user: { readonly trace: TraceContext; readonly startedAt: number };
  readonly copy: RequestCopy;
};

/** The mirror of one session, as far as this process has seen it. */
export class ShadowSession {
  readonly ids: PairedIds = createPairedIds();
  /** In the order in which the turns came; the first may be under way. */
  readonly jobs: ShadowJob[] = [];
  underWay: ShadowExchange | null = null;
  /** It waits for its turn among the others. */
  isInLine = false;
  /** A turn is missing, so that nothing after it is worth mirroring. */
  isAbandoned = false;
  #turns = 0;

  nextTurn(): number {
    this.#turns += 1;
    return this.#turns;
  }

  hasBegun(): boolean {
    return this.#turns > 0;
  }

  /** The next one, once it is there whole and the one before it has been answered. */
  ready(): ShadowJob | null {
    const [first] = this.jobs;
    return first?.copy.isComplete === true && this.underWay === null && !this.isAbandoned ? first : null;
  }

  /** Lets go of everything that has not been sent, and tells how many turns that were. */
  dropQueue(): number {
    const kept = this.underWay === null ? 0 : 1;
    const dropped = this.jobs.splice(kept);
    for (const { copy } of dropped) copy.release();
    return dropped.length;
  }
}
