import { createHash } from "node:crypto";
import type { TurnMessage } from "@perch/api";
import type { RecordedSession, RecordedTurn } from "./recordings.ts";

/** Where a recorded session is put: a new session id, and the arm and rollout it is replayed under. */
export type Placement = {
  readonly session: string;
  readonly agent: string;
  readonly arm: "baseline" | "canary";
  readonly release: string;
  readonly rollout: string;
  readonly step: number;
  readonly gateway: string;
  /** Epoch ms of the made-up clock. */
  readonly startedAt: number;
};

/** What a gateway and an instrumented agent would have sent, with a clock that is made up and says so. */
export type RecordedTraffic = {
  readonly turns: readonly TurnMessage[];
  /** OTLP/JSON bodies; null when the session left no trace. */
  readonly traces: unknown;
  readonly logs: unknown;
  readonly endedAt: number;
};

const TURN_MS = 2_000;
const STEP_MS = 100;

/** The recorded grading becomes the score that gates read as `score.reward`. */
export const REWARD_SCORE = "reward";

export function toTraffic(session: RecordedSession, placement: Placement): RecordedTraffic {
  const exchanges = splitIntoExchanges(session.turns);
  const turns = (exchanges.length === 0 ? [[]] : exchanges).map((_, index, all) =>
    toTurn(session, placement, { index, isLast: index === all.length - 1, hasTrace: exchanges.length > 0 }),
  );
  const spans = exchanges.flatMap((exchange, index) => toSpans(exchange, session, { placement, index }));
  const endedAt = placement.startedAt + turns.length * TURN_MS;
  return {
    turns: [toAssignment(placement), ...turns],
    traces: spans.length === 0 ? null : wrapSpans(spans, session),
    logs: toScoreLog(session, placement, endedAt),
    endedAt,
  };
}

/** One exchange is a user's message and everything until the next one: a turn, in Perch's words. */
function splitIntoExchanges(turns: readonly RecordedTurn[]): readonly (readonly RecordedTurn[])[] {
  const exchanges: RecordedTurn[][] = [];
  for (const turn of turns) {
    const current = exchanges.at(-1);
    if (turn.role === "user" || current === undefined) exchanges.push([turn]);
    else current.push(turn);
  }
  // A recording often ends on the user's goodbye, which the agent never answered: not a turn.
  return exchanges.filter((exchange, index) => index === 0 || exchange.some((turn) => turn.role !== "user"));
}

function toTurn(
  session: RecordedSession,
  placement: Placement,
  turn: { index: number; isLast: boolean; hasTrace: boolean },
): TurnMessage {
  const hasFailed = session.outcome === "error" && turn.isLast;
  const traceId = traceIdOf(placement, turn.index);
  return {
    ...recordBase(placement, traceId),
    id: `${traceId}-${spanIdOf(placement, turn.index, "gateway")}`,
    kind: "turn",
    startedAt: placement.startedAt + turn.index * TURN_MS,
    durationMs: TURN_MS,
    firstByteMs: hasFailed ? null : TURN_MS,
    status: hasFailed ? 500 : 200,
    endsSession: turn.isLast,
  };
}

function toAssignment(placement: Placement): TurnMessage {
  const traceId = traceIdOf(placement, 0);
  return {
    ...recordBase(placement, traceId),
    id: `${traceId}-${spanIdOf(placement, 0, "assignment")}`,
    kind: "assignment",
    startedAt: placement.startedAt,
    durationMs: 0,
    firstByteMs: null,
    status: 0,
    endsSession: false,
  };
}

function recordBase(placement: Placement, traceId: string) {
  return {
    gateway: placement.gateway,
    agent: placement.agent,
    session: placement.session,
    release: placement.release,
    arm: placement.arm,
    rollout: placement.rollout,
    step: placement.step,
    traceId,
    fault: null,
    requestBytes: 0,
    responseBytes: 0,
    intent: null,
    taskState: null,
    isSynthetic: true,
  };
}

type Attribute = { key: string; value: Record<string, unknown> };

function toSpans(
  exchange: readonly RecordedTurn[],
  session: RecordedSession,
  where: { placement: Placement; index: number },
): readonly unknown[] {
  const { placement, index } = where;
  const traceId = traceIdOf(placement, index);
  const rootId = spanIdOf(placement, index, "root");
  const startedAt = placement.startedAt + index * TURN_MS;
  const common = [
    text("perch.session.id", placement.session),
    text("perch.release", placement.release),
    text("perch.arm", placement.arm),
    text("perch.rollout", placement.rollout),
  ];
  const root = {
    ...spanBase({ traceId, spanId: rootId, startedAt, durationMs: TURN_MS }),
    name: `invoke_agent ${session.model}`,
    parentSpanId: spanIdOf(placement, index, "gateway"),
    attributes: [
      ...common,
      text("gen_ai.operation.name", "invoke_agent"),
      text("gen_ai.request.model", session.model),
      text("gen_ai.input.messages", JSON.stringify(userMessage(exchange))),
    ],
  };
  const steps = exchange.filter((turn) => turn.role !== "user");
  const argumentsOf = matchArguments(steps);
  const children = steps.map((turn, step) => ({
    ...spanBase({
      traceId,
      spanId: spanIdOf(placement, index, `step ${step}`),
      startedAt: startedAt + (step + 1) * (STEP_MS / 10),
      durationMs: STEP_MS / 10,
    }),
    parentSpanId: rootId,
    ...(turn.role === "tool" ? toolSpan(turn, common, argumentsOf.get(turn)) : modelSpan(session, common)),
  }));
  return [root, ...children];
}

function modelSpan(session: RecordedSession, common: readonly Attribute[]): Record<string, unknown> {
  return {
    name: `chat ${session.model}`,
    attributes: [...common, text("gen_ai.operation.name", "chat"), text("gen_ai.request.model", session.model)],
  };
}

/** What each tool turn was called with: calls of a tool are answered in the order in which they were made. */
function matchArguments(steps: readonly RecordedTurn[]): ReadonlyMap<RecordedTurn, unknown> {
  const calls = Map.groupBy(
    steps.flatMap((turn) => turn.tool_calls ?? []),
    (call) => call.name,
  );
  const taken = new Map<string, number>();
  const matched = new Map<RecordedTurn, unknown>();
  for (const turn of steps) {
    if (turn.role !== "tool" || turn.tool_name === undefined) continue;
    const nth = taken.get(turn.tool_name) ?? 0;
    taken.set(turn.tool_name, nth + 1);
    matched.set(turn, calls.get(turn.tool_name)?.[nth]?.arguments);
  }
  return matched;
}

// The recorded call ids repeat within and between sessions, so they are not passed on as identity.
function toolSpan(turn: RecordedTurn, common: readonly Attribute[], args: unknown): Record<string, unknown> {
  const name = turn.tool_name ?? "unknown";
  const hasFailed = turn.error !== undefined && turn.error !== null && turn.error !== false;
  return {
    name: `execute_tool ${name}`,
    attributes: [
      ...common,
      text("gen_ai.operation.name", "execute_tool"),
      text("gen_ai.tool.name", name),
      ...(args === undefined ? [] : [text("gen_ai.tool.call.arguments", JSON.stringify(args))]),
    ],
    ...(hasFailed ? { status: { code: 2, message: "the recorded tool call failed" } } : {}),
  };
}

function userMessage(exchange: readonly RecordedTurn[]): unknown {
  return exchange
    .filter((turn) => turn.role === "user")
    .map((turn) => ({ role: "user", parts: [{ type: "text", content: turn.content ?? "" }] }));
}

function spanBase(span: { traceId: string; spanId: string; startedAt: number; durationMs: number }): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    kind: 1,
    startTimeUnixNano: nanos(span.startedAt),
    endTimeUnixNano: nanos(span.startedAt + span.durationMs),
  };
}

function wrapSpans(spans: readonly unknown[], session: RecordedSession): unknown {
  const resource = { attributes: [text("service.name", session.agent), text("perch.clock", "synthetic")] };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "gen_ai" }, spans }] }] };
}

function toScoreLog(session: RecordedSession, placement: Placement, at: number): unknown {
  const record = {
    timeUnixNano: nanos(at),
    eventName: "gen_ai.evaluation.result",
    attributes: [
      text("gen_ai.evaluation.name", REWARD_SCORE),
      { key: "gen_ai.evaluation.score.value", value: { doubleValue: session.reward } },
      text("gen_ai.evaluation.score.label", session.outcome),
      text("perch.session.id", placement.session),
    ],
  };
  return {
    resourceLogs: [
      {
        resource: { attributes: [text("perch.clock", "synthetic")] },
        scopeLogs: [{ scope: { name: "perch.replay" }, logRecords: [record] }],
      },
    ],
  };
}

function text(key: string, value: string): Attribute {
  return { key, value: { stringValue: value } };
}

function nanos(epochMs: number): string {
  return `${BigInt(Math.round(epochMs)) * 1_000_000n}`;
}

// Stable ids: the same recording replayed twice sends the same bytes.
function traceIdOf(placement: Placement, exchange: number): string {
  return hashOf(`${placement.session}\0${exchange}`).slice(0, 32);
}

function spanIdOf(placement: Placement, exchange: number, part: string): string {
  return hashOf(`${placement.session}\0${exchange}\0${part}`).slice(0, 16);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
