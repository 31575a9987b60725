import { reasonOf, type Log } from "@perch/adapters/json-log";

export type SpanCounts = {
  readonly queued: number;
  readonly sent: number;
  /** There were too many already. */
  readonly dropped: number;
  /** The collector did not take them. */
  readonly failed: number;
};

export type SpanQueueDeps<Item> = {
  /** Rejects when the collector does not take them. */
  readonly send: (items: readonly Item[]) => Promise<void>;
  /** Runs something after a while; the answer calls it off. */
  readonly later: (ms: number, run: () => void) => () => void;
  readonly log: Pick<Log, "warn">;
};

const MOST_QUEUED = 8192;
/** Making bytes of a span takes about ten microseconds, and meanwhile no request is looked at. */
const AT_ONCE = 128;
const WAIT_MS = 1000;
const TOLD_EVERY = 100;

/** Brings spans to a collector, in the background. It holds up nothing: what is too much is dropped and counted. */
export class SpanQueue<Item> {
  readonly #deps: SpanQueueDeps<Item>;
  readonly #counts = { sent: 0, dropped: 0, failed: 0 };
  #queue: Item[] = [];
  #sending: Promise<void> | null = null;
  #callOff: (() => void) | null = null;
  #failures = 0;
  #isStopping = false;

  constructor(deps: SpanQueueDeps<Item>) {
    this.#deps = deps;
  }

  add(item: Item): void {
    if (this.#queue.length >= MOST_QUEUED) this.#counts.dropped += 1;
    else this.#queue.push(item);
    if (this.#sending === null) this.#schedule();
  }

  counts(): SpanCounts {
    return { queued: this.#queue.length, ...this.#counts };
  }

  /** Sends what waits, as far as that goes within this time, and ends. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    this.#callOff?.();
    const late = Promise.withResolvers<void>();
    const onTime = this.#deps.later(graceMs, () => {
      this.#drop();
      late.resolve();
    });
    await Promise.race([this.#flush(), late.promise]);
    onTime();
  }

  async #flush(): Promise<void> {
    await this.#sending;
    while (this.#queue.length > 0) await this.#send();
  }

  #drop(): void {
    this.#counts.dropped += this.#queue.length;
    this.#queue = [];
  }

  #schedule(): void {
    if (this.#isStopping) return;
    if (this.#queue.length >= AT_ONCE) this.#begin();
    else if (this.#queue.length > 0) this.#callOff ??= this.#deps.later(WAIT_MS, () => this.#begin());
  }

  #begin(): void {
    this.#callOff?.();
    this.#callOff = null;
    this.#sending = this.#send().finally(() => {
      this.#sending = null;
      this.#schedule();
    });
  }

  async #send(): Promise<void> {
    const items = this.#queue.splice(0, AT_ONCE);
    try {
      await this.#deps.send(items);
      this.#counts.sent += items.length;
      this.#failures = 0;
    } catch (error) {
      this.#counts.failed += items.length;
      // One line of a long outage now and then is enough.
      if (this.#failures % TOLD_EVERY === 0) {
        this.#deps.log.warn("spans cannot be sent", { reason: reasonOf(error), ...this.#counts });
      }
      this.#failures += 1;
    }
  }
}
