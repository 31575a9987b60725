// Spans of what the agent does, as OTLP in JSON to the collector. The gates of a rollout read them: which tools were
// called, which calls failed, who was handed over.
import { randomBytes } from "node:crypto";

const SEND_TIMEOUT_MS = 5_000;

export function createTelemetry({ collectorUrl, agent, version, log }) {
  const pending = new Set();
  const resource = { attributes: attributesOf({ "service.name": agent, "service.version": version }) };

  function send(spans) {
    if (collectorUrl === null) return;
    const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "gen_ai" }, spans }] }] });
    const sending = fetch(`${collectorUrl.replace(/\/+$/, "")}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
    })
      .then(async (response) => {
        await response.body?.cancel();
        if (!response.ok) throw new Error(`the collector answered ${response.status}`);
      })
      // An agent goes on answering when nobody collects its spans.
      .catch((error) => log("warn", `spans were not sent: ${error.message}`))
      .finally(() => pending.delete(sending));
    pending.add(sending);
  }

  return {
    startTurn: (headers, message) => startTurn({ headers, message, agent, send }),
    flush: () => Promise.all(pending),
  };
}

function startTurn({ headers, message, agent, send }) {
  const [, traceId, callerSpanId] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(headers.traceparent ?? "") ?? [];
  const turn = { spanId: newId(8), parentSpanId: callerSpanId, startedAt: Date.now() };
  const common = { traceId: traceId ?? newId(16), perch: perchBaggage(headers.baggage ?? "") };
  const spans = [];
  const add = (span) => spans.push(spanOf({ ...common, ...span }));
  const step = () => ({ spanId: newId(8), parentSpanId: turn.spanId, startedAt: Date.now() });

  return {
    /** Runs a call of the model; gives the model's message. */
    async model(name, run) {
      const span = { ...step(), name: `chat ${name}` };
      const attributes = { "gen_ai.operation.name": "chat", "gen_ai.request.model": name };
      try {
        const { message, usage } = await run();
        add({ ...span, attributes: { ...attributes, ...usageOf(usage) }, error: null });
        return message;
      } catch (error) {
        add({ ...span, attributes, error: error.message });
        throw error;
      }
    },
    /** Runs a tool that gives `{ value }` or `{ error }`. */
    async tool({ id, function: { name, arguments: text } }, run) {
      const span = { ...step(), name: `execute_tool ${name}` };
      const result = await run();
      const attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.id": id,
        "gen_ai.tool.call.arguments": text,
      };
      add({ ...span, attributes, error: result.error ?? null });
      return result;
    },
    /** Sends what was recorded; `error` is null for a turn that was answered. */
    end(error) {
      const attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": agent,
        "gen_ai.input.messages": JSON.stringify([{ role: "user", parts: [{ type: "text", content: message }] }]),
        ...(error === null ? { "gen_ai.response.finish_reasons": ["stop"] } : {}),
      };
      add({ ...turn, name: `invoke_agent ${agent}`, attributes, error: error?.message ?? null });
      send(spans);
    },
  };
}

function spanOf({ traceId, spanId, parentSpanId, name, startedAt, perch, attributes, error }) {
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: 1,
    startTimeUnixNano: `${startedAt}000000`,
    endTimeUnixNano: `${Date.now()}000000`,
    attributes: attributesOf({ ...perch, ...attributes }),
    ...(error === null ? {} : { status: { code: 2, message: error.slice(0, 300) } }),
  };
}

function newId(bytes) {
  return randomBytes(bytes).toString("hex");
}

/** What the gateway says about the session, such as its arm; nothing else of the baggage is passed on. */
function perchBaggage(header) {
  const entries = header.split(",").map((entry) => entry.split(";", 1)[0].trim().split("="));
  const own = entries.filter(([name, value]) => name.startsWith("perch.") && value !== undefined);
  return Object.fromEntries(own.map(([name, value]) => [name, decoded(value)]));
}

function decoded(value) {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function usageOf(usage) {
  if (!Number.isInteger(usage?.prompt_tokens) || !Number.isInteger(usage?.completion_tokens)) return {};
  return { "gen_ai.usage.input_tokens": usage.prompt_tokens, "gen_ai.usage.output_tokens": usage.completion_tokens };
}

function attributesOf(values) {
  return Object.entries(values).map(([key, value]) => ({ key, value: valueOf(value) }));
}

function valueOf(value) {
  if (Array.isArray(value)) return { arrayValue: { values: value.map(valueOf) } };
  return typeof value === "number" ? { intValue: String(value) } : { stringValue: value };
}
