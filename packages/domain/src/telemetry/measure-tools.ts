import type { Digest } from "../release/digest.ts";
import type { DeclaredTool } from "./release-facts.ts";
import type { SessionMeasures, ToolMeasures } from "./session-measures.ts";
import type { Span } from "./span.ts";

type ToolsMeasured = Pick<SessionMeasures, "toolCalls" | "retries" | "loops" | "argumentShapes">;

/**
 * How tools were used. `turns`: what counts of each turn, by time, as `resolveTrace` has it; `declared`: the release's own
 * tools, by whose schemas arguments are judged.
 */
export function measureTools(
  turns: readonly (readonly Span[])[],
  declared: readonly Pick<DeclaredTool, "name" | "parametersDigest">[],
): ToolsMeasured {
  const schemas = new Map(declared.map(({ name, parametersDigest }) => [name, parametersDigest]));
  const calls = turns.flat().filter(({ kind }) => kind === "tool");
  return {
    toolCalls: Object.fromEntries(
      [...Map.groupBy(calls, nameOf)].flatMap(([name, own]) =>
        name === null ? [] : [[name, tally(own, schemas.get(name))]],
      ),
    ),
    retries: turns.reduce((sum, actions) => sum + retriesIn(actions), 0),
    loops: Math.max(0, ...turns.map((actions) => longestRun(actions) - 1)),
    argumentShapes: [...new Set(calls.flatMap((span) => shapeOf(span) ?? []))].toSorted(),
  };
}

function nameOf({ tool }: Span): string | null {
  return tool?.name ?? null;
}

function tally(calls: readonly Span[], schema: Digest | undefined): ToolMeasures {
  return {
    calls: calls.length,
    failed: calls.filter(({ isError }) => isError).length,
    invalidArguments: calls.filter(({ tool }) => schema !== undefined && tool?.invalidUnder.includes(schema)).length,
  };
}

/** A call right after a failed one of the same kind and name, whatever it was called with: a retry may mend its arguments. */
function retriesIn(actions: readonly Span[]): number {
  const failed = new Set<string>();
  let retries = 0;
  for (const span of actions) {
    const call = span.kind === "tool" ? `tool ${nameOf(span) ?? ""}` : span.kind;
    if (failed.has(call)) retries += 1;
    if (span.isError) failed.add(call);
    else failed.delete(call);
  }
  return retries;
}

/** Unknown arguments are like no others. */
function longestRun(actions: readonly Span[]): number {
  let longest = 0;
  let run = 0;
  let last: string | null = null;
  for (const { kind, tool } of actions) {
    if (kind !== "tool") continue;
    const digest = tool?.argumentsDigest ?? null;
    const call = tool === null || digest === null ? null : `${digest} ${tool.name}`;
    run = call !== null && call === last ? run + 1 : 1;
    last = call;
    longest = Math.max(longest, run);
  }
  return longest;
}

/** `refund(amount,order_id)` of the shape `amount:number,order_id:string`. */
function shapeOf({ tool }: Span): string | null {
  if (tool === null || tool.argumentShape === null) return null;
  const keys = tool.argumentShape.split(",").map((part) => part.replace(/:[^:]*$/, ""));
  return `${tool.name}(${keys.join(",")})`;
}
