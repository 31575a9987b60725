import { advanceConnection, type Connection, type ConnectionEvent } from "./connection.ts";
import { parseOverview } from "./parse-overview.ts";

/** The part of the browser's EventSource that is needed. */
export interface OverviewStream {
  addEventListener(type: "overview", listener: (event: { readonly data: string }) => void): void;
  addEventListener(type: "alive" | "error", listener: () => void): void;
  close(): void;
}

export type FollowDeps = {
  readonly openStream: () => OverviewStream;
  readonly fetchOverview: () => Promise<unknown>;
  readonly now: () => number;
  /** Calls back once; the answer cancels it. */
  readonly startTimer: (callback: () => void, delayMs: number) => () => void;
};

const RETRY_MS = [500, 1_000, 2_000] as const;
const LONGEST_RETRY_MS = 5_000;
/** The stream sends little while nothing changes, and a dead connection sends nothing: after this long, ask. */
const QUIET_MS = 10_000;

/** Keeps the page's state fresh until the returned function is called. Reconnects for ever, with growing pauses. */
export function followOverview(deps: FollowDeps, onChange: (connection: Connection) => void): () => void {
  const follower = new OverviewFollower(deps, onChange);
  follower.connect();
  return () => follower.stop();
}

/** Owns the open stream and the one timer: to ask when it is quiet, or to connect again when it is lost. */
class OverviewFollower {
  readonly #deps: FollowDeps;
  readonly #onChange: (connection: Connection) => void;
  #connection: Connection = { kind: "connecting" };
  #stream: OverviewStream | null = null;
  #failures = 0;
  // Every connection has a number; what an older one still delivers is dropped.
  #current = 0;
  #cancelTimer = (): void => undefined;

  constructor(deps: FollowDeps, onChange: (connection: Connection) => void) {
    this.#deps = deps;
    this.#onChange = onChange;
  }

  connect(): void {
    this.#current += 1;
    const mine = this.#current;
    this.#stream = this.#deps.openStream();
    this.#stream.addEventListener("overview", (event) => {
      this.#receive(mine, "streamed", () => JSON.parse(event.data));
    });
    this.#stream.addEventListener("alive", () => this.#confirm(mine));
    this.#stream.addEventListener("error", () => this.#fail(mine, "the server does not answer"));
    void this.#ask(mine);
  }

  stop(): void {
    this.#current += 1;
    this.#stream?.close();
    this.#cancelTimer();
  }

  async #ask(mine: number): Promise<void> {
    try {
      const body = await this.#deps.fetchOverview();
      this.#receive(mine, "fetched", () => body);
    } catch (cause) {
      this.#fail(mine, wordsOf(cause));
    }
  }

  #receive(mine: number, type: "streamed" | "fetched", read: () => unknown): void {
    if (mine !== this.#current) return;
    let event: ConnectionEvent;
    try {
      event = { type, overview: parseOverview(read()), at: this.#deps.now() };
    } catch (cause) {
      this.#fail(mine, wordsOf(cause));
      return;
    }
    this.#failures = 0;
    this.#askWhenQuiet(mine);
    this.#apply(event);
  }

  #confirm(mine: number): void {
    // An overview has to come first: a server that only beats shows nothing.
    if (mine !== this.#current || this.#connection.kind !== "live") return;
    this.#askWhenQuiet(mine);
    this.#apply({ type: "alive", at: this.#deps.now() });
  }

  #askWhenQuiet(mine: number): void {
    this.#restartTimer(() => void this.#ask(mine), QUIET_MS);
  }

  #fail(mine: number, why: string): void {
    if (mine !== this.#current) return;
    this.stop();
    this.#restartTimer(() => this.connect(), RETRY_MS[this.#failures] ?? LONGEST_RETRY_MS);
    this.#failures += 1;
    this.#apply({ type: "failed", why });
  }

  #restartTimer(callback: () => void, delayMs: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#deps.startTimer(callback, delayMs);
  }

  #apply(event: ConnectionEvent): void {
    this.#connection = advanceConnection(this.#connection, event);
    this.#onChange(this.#connection);
  }
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : "the server does not answer";
}
