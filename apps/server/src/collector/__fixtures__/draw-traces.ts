import { resolveTrace, type ResolvedSpan, type Span } from "@perch/domain";

/**
 * What the spans of some traces came to, for people to read: a line a span, and what counts below. Without ids and
 * clocks, so that it is the same for every recording of the same conversation.
 */
export function drawTraces(spans: readonly Span[]): string {
  const traces = [...Map.groupBy(spans, (span) => span.traceId).values()];
  const byTime = traces.toSorted((a, b) => startOf(a) - startOf(b));
  return `${byTime.map(drawTrace).join("\n\n")}\n`;
}

function startOf(spans: readonly Span[]): number {
  return Math.min(...spans.map((span) => span.startedAt));
}

function drawTrace(spans: readonly Span[]): string {
  const { spans: resolved, actions, responses, userSentiment } = resolveTrace(spans);
  const failed = actions.filter((action) => action.kind === "tool" && action.isError).length;
  const tools = actions.flatMap((action) => action.tool?.name ?? []);
  return [
    ...resolved.map(drawSpan),
    `= ${sumOf(actions, "inputTokens")}/${sumOf(actions, "outputTokens")} tokens, tools [${tools.join(", ")}]` +
      `${failed > 0 ? `, ${failed} failed` : ""}, ${responses.length} responses, sentiment ${userSentiment ?? "unknown"}`,
  ].join("\n");
}

function drawSpan({ span, role, depth, duplicateOf }: ResolvedSpan): string {
  const words = [
    `${"  ".repeat(depth)}${role === "action" ? span.kind : role}`,
    role === "turn" || role === "subAgent" ? (span.agent ?? span.name) : (span.tool?.name ?? span.name),
    span.dialect === null ? "(no dialect)" : `(${span.dialect})`,
    duplicateOf === null ? "" : "is the call above",
    ...(role === "action" || role === "duplicate" ? detailsOf(span) : []),
    span.isError ? `ERROR ${span.errorType ?? "?"}: ${span.errorMessage ?? "?"}` : "",
  ];
  return words.filter((word) => word !== "").join(" ");
}

function detailsOf(span: Span): readonly string[] {
  const tokens = `${span.inputTokens}/${span.outputTokens}`;
  return [
    span.model === null ? "" : `${span.provider ?? "?"} ${span.model}`,
    span.kind === "reasoning" ? `${tokens} tokens` : "",
    span.cachedInputTokens > 0 ? `of them ${span.cachedInputTokens} cached` : "",
    span.finishReason ?? "",
    span.firstTokenMs === null ? "" : "first token timed",
    span.tool === null ? "" : `${span.tool.callId ?? "no id"} {${span.tool.argumentShape ?? "?"}}`,
    span.tool === null || span.tool.resultDigest === null ? "" : "with result",
  ];
}

function sumOf(spans: readonly Span[], key: "inputTokens" | "outputTokens"): number {
  return spans.reduce((sum, span) => sum + span[key], 0);
}
