import type { Overview } from "@perch/api";
import { advanceConnection, type Connection, type ConnectionEvent } from "./connection.ts";
import { parseOverview } from "./parse-overview.ts";

/** The part of the browser's EventSource that is needed. */
export interface OverviewStream {
  addEventListener(type: "overview", listener: (event: { readonly data: string }) => void): void;
  addEventListener(type: "error", listener: () => void): void;
  close(): void;
}

export type FollowDeps = {
  readonly openStream: () => OverviewStream;
  readonly fetchOverview: () => Promise<unknown>;
  readonly now: () => number;
  /** Calls back once; the answer cancels it. */
  readonly startTimer: (callback: () => void, delayMs: number) => () => void;
};

const RETRY_MS = [500, 1_000, 2_000, 5_000] as const;
const LONGEST_RETRY_MS = 5_000;
/** The stream is silent while nothing changes, and a dead connection is silent too: after this long, ask. */
const QUIET_MS = 10_000;

/** Keeps the page's state fresh until the returned function is called. Reconnects for ever, with growing pauses. */
export function followOverview(deps: FollowDeps, onChange: (connection: Connection) => void): () => void {
  let connection: Connection = { kind: "connecting" };
  let stream: OverviewStream | null = null;
  let failures = 0;
  // Every attempt has a number; what an older attempt still delivers is dropped.
  let attempt = 0;
  let cancelTimer = (): void => undefined;

  function apply(event: ConnectionEvent): void {
    connection = advanceConnection(connection, event);
    onChange(connection);
  }

  function connect(): void {
    attempt += 1;
    const mine = attempt;
    stream = deps.openStream();
    stream.addEventListener("overview", (event) => {
      if (mine === attempt) receive(mine, () => ({ type: "streamed", ...read(JSON.parse(event.data)) }));
    });
    stream.addEventListener("error", () => fail(mine, "the server does not answer"));
    void ask(mine);
  }

  async function ask(mine: number): Promise<void> {
    try {
      const body = await deps.fetchOverview();
      if (mine === attempt) receive(mine, () => ({ type: "fetched", ...read(body) }));
    } catch (cause) {
      fail(mine, cause instanceof Error ? cause.message : "the server does not answer");
    }
  }

  function read(body: unknown): { overview: Overview; at: number } {
    return { overview: parseOverview(body), at: deps.now() };
  }

  function receive(mine: number, readEvent: () => ConnectionEvent): void {
    let event: ConnectionEvent;
    try {
      event = readEvent();
    } catch (cause) {
      fail(mine, cause instanceof Error ? cause.message : "the server's answer is not JSON");
      return;
    }
    failures = 0;
    cancelTimer();
    cancelTimer = deps.startTimer(() => void ask(mine), QUIET_MS);
    apply(event);
  }

  function fail(mine: number, why: string): void {
    if (mine !== attempt) return;
    attempt += 1;
    stream?.close();
    cancelTimer();
    cancelTimer = deps.startTimer(connect, RETRY_MS[failures] ?? LONGEST_RETRY_MS);
    failures += 1;
    apply({ type: "failed", why });
  }

  connect();
  return () => {
    attempt += 1;
    stream?.close();
    cancelTimer();
  };
}
