import type { Attributes } from "@opentelemetry/api";
import type { SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { hookServers } from "./http/hook-servers.ts";
import { memory, type Memory } from "./memory/memory.ts";
import { annotate } from "./session/annotate.ts";
import { boundary, type Boundary } from "./session/boundary.ts";
import { escalate, type Escalation } from "./session/escalate.ts";
import { createOutcome, type SayOutcome } from "./session/outcome.ts";
import {
  createTransaction,
  createTransactionSender,
  type Transaction,
  type TransactionSender,
} from "./session/transaction.ts";
import { createEvaluationSender, type EvaluationSender } from "./telemetry/send-evaluation.ts";
import { createSpanProcessor } from "./telemetry/span-processor.ts";
import {
  isDisabled,
  startTelemetry,
  type Environment,
  type StartOptions,
  type Telemetry,
} from "./telemetry/telemetry.ts";
import { createTool, type Tool, type ToolOptions } from "./tools/tool.ts";
import { incomingContext } from "./turn/incoming-context.ts";
import { outgoingHeaders } from "./turn/outgoing-headers.ts";
import { readPerchSession, type IncomingHeaders, type PerchSession } from "./turn/perch-session.ts";
import { currentScope, inScope, sharedState } from "./turn/turn-scope.ts";

export type Perch = {
  /** Sends this process's spans, unless the application does already. Later calls give what the first one gave. */
  start(options?: StartOptions): Telemetry;
  /** For an application with a tracer provider of its own: the first of its span processors. */
  spanProcessor(): SpanProcessor;
  /** For requests that do not come through a server of `node:http`: a queue, a worker, a function. */
  inRequest<T>(headers: IncomingHeaders | Headers, run: () => T): T;
  outgoingHeaders(): Readonly<Record<string, string>>;
  /** Null outside of a request, and in one that did not come through a gateway. */
  session(): PerchSession | null;
  annotate(attributes: Attributes): void;
  tool<Input, Rest extends readonly unknown[], Result>(
    name: string,
    options: ToolOptions<Input, Result>,
    run: (input: Input, ...rest: Rest) => Result | Promise<Result>,
  ): Tool<Input, Rest, Result>;
  readonly memory: Memory;
  readonly boundary: Boundary;
  escalate(reason: string, escalation?: Escalation): Promise<void>;
  readonly outcome: SayOutcome;
  readonly transaction: Transaction;
};

/** Requests are followed from here on, started or not: whether one is a shadow's must never go unnoticed. */
export function createPerch(environment: Environment): Perch {
  hookServers();
  let sayOutcome = outcomeTo(environment, null);
  let transaction = transactionTo(environment, null);
  return {
    start(options = {}) {
      if (options.endpoint !== undefined) {
        sayOutcome = outcomeTo(environment, options.endpoint);
        transaction = transactionTo(environment, options.endpoint);
      }
      return startOnce(options, environment);
    },
    spanProcessor: createSpanProcessor,
    inRequest: (headers, run) => inRequest(headers instanceof Headers ? Object.fromEntries(headers) : headers, run),
    outgoingHeaders,
    session: () => currentScope()?.session ?? null,
    annotate,
    tool: createTool,
    memory,
    boundary,
    escalate,
    outcome: (result, options) => sayOutcome(result, options),
    transaction: {
      open: (tool, id, options) => transaction.open(tool, id, options),
      close: (tool, id, options) => transaction.close(tool, id, options),
    },
  };
}

function startOnce(options: StartOptions, environment: Environment): Telemetry {
  const state = sharedState();
  state.startLater = null;
  return (state.telemetry ??= startTelemetry(options, environment));
}

/**
 * Telemetry begins with the first request. Whoever loads this before the application cannot know yet whether the
 * application brings a tracer provider; by its first request it has.
 */
export function startWithFirstRequest(environment: Environment): void {
  hookServers();
  const state = sharedState();
  if (state.telemetry !== null) return;
  state.startLater = () => void startOnce({}, environment);
}

function inRequest<T>(headers: IncomingHeaders, run: () => T): T {
  sharedState().startLater?.();
  const context = incomingContext(headers);
  return inScope({ session: readPerchSession(headers, context), context, response: null, annotations: {} }, run);
}

function outcomeTo(environment: Environment, endpoint: string | null): SayOutcome {
  const send: EvaluationSender = isDisabled(environment)
    ? async () => ({ kind: "skipped", because: "OTEL_SDK_DISABLED is true" })
    : createEvaluationSender(environment, endpoint);
  return createOutcome({ send, now: Date.now, agent: environment["PERCH_AGENT"] || null });
}

function transactionTo(environment: Environment, endpoint: string | null): Transaction {
  const { PERCH_AGENT: agent, PERCH_RELEASE: release } = environment;
  const names = { agent: agent || null, release: release || null };
  const send: TransactionSender = isDisabled(environment)
    ? async () => ({ kind: "skipped", because: "OTEL_SDK_DISABLED is true" })
    : createTransactionSender(environment, endpoint);
  return createTransaction({ send, now: Date.now, ...names });
}
