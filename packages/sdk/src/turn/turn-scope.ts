import { AsyncLocalStorage } from "node:async_hooks";
import type { ServerResponse } from "node:http";
import { context, type Attributes, type Context } from "@opentelemetry/api";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { PerchSession } from "./perch-session.ts";

/** One request while it is being answered. */
export type TurnScope = {
  readonly session: PerchSession | null;
  /** The trace and baggage that came with the request. */
  readonly context: Context;
  /** Null: not an HTTP answer, so there is no place for headers. */
  readonly response: ServerResponse | null;
  /** Given by the agent; on every span that begins later. */
  readonly annotations: Attributes;
};

export type SharedState = {
  readonly scopes: AsyncLocalStorage<TurnScope>;
  isHooked: boolean;
  /** Starts telemetry as soon as a request comes; null when there is nothing to start, or no more. */
  startLater: (() => void) | null;
  telemetry: Telemetry | null;
  /** How many tool calls of a shadow's session there were, and whether it has left the baseline's path. */
  readonly shadows: Map<string, { toolCalls: number; hasDiverged: boolean }>;
};

const KEY = Symbol.for("perch.sdk.1");
const holder = globalThis as typeof globalThis & { [KEY]?: SharedState };

/**
 * Shared by all copies of this package in the process: a release's program may have one bundled, while
 * `--import @perch/sdk/register` loads another.
 */
export function sharedState(): SharedState {
  return (holder[KEY] ??= {
    scopes: new AsyncLocalStorage<TurnScope>(),
    isHooked: false,
    startLater: null,
    telemetry: null,
    shadows: new Map(),
  });
}

export function currentScope(): TurnScope | undefined {
  return sharedState().scopes.getStore();
}

/** Runs something as part of a request: every span below joins its trace. */
export function inScope<T>(scope: TurnScope, run: () => T): T {
  return sharedState().scopes.run(scope, () => context.with(scope.context, run));
}
