import type { Span, ToolCall } from "@perch/domain";

/** Where names go that came after the cap was reached. */
export const OVERFLOW_NAME = "(other)";
const MAX_NAME_CHARACTERS = 200;

export type NameCaps = {
  /**
   * The spans with names that the store and its readers can bear: cut when too long, and in the overflow bucket when there
   * are too many different ones. `onOverflow` hears of each field that went there.
   */
  cap(spans: readonly Span[], onOverflow: (field: CappedField) => void): readonly Span[];
};

export type CappedField = "tool" | "arguments" | "model" | "agent" | "error" | "span";

/** Tables keep these names in dictionaries, which a name with an id in it would blow up. */
const MOST: Readonly<Record<CappedField, number>> = {
  tool: 1000,
  arguments: 10_000,
  model: 1000,
  agent: 1000,
  error: 1000,
  span: 10_000,
};

/** `isDeclaredTool`: a tool that some release's policy names, which gates depend on. It is never put into the bucket. */
export function createNameCaps(isDeclaredTool: (name: string) => boolean, most = MOST): NameCaps {
  const known: Readonly<Record<CappedField, Set<string>>> = {
    tool: new Set(),
    arguments: new Set(),
    model: new Set(),
    agent: new Set(),
    error: new Set(),
    span: new Set(),
  };

  function admits(field: CappedField, name: string): boolean {
    const names = known[field];
    if (names.has(name)) return true;
    if (names.size >= most[field]) return field === "tool" && isDeclaredTool(name);
    names.add(name);
    return true;
  }

  return {
    cap(spans, onOverflow) {
      const bucketed = (field: CappedField, name: string): string => {
        if (admits(field, name)) return name;
        onOverflow(field);
        return OVERFLOW_NAME;
      };
      const capped = (field: CappedField, name: string): string =>
        bucketed(field, name.length > MAX_NAME_CHARACTERS ? name.slice(0, MAX_NAME_CHARACTERS).toWellFormed() : name);
      const toolCapped = (tool: ToolCall): ToolCall => {
        const name = capped("tool", tool.name);
        const argumentShape = orNull(tool.argumentShape, (shape) => bucketed("arguments", shape));
        return name === tool.name && argumentShape === tool.argumentShape ? tool : { ...tool, name, argumentShape };
      };
      return spans.map((span) => {
        const name = capped("span", span.name);
        const model = orNull(span.model, (text) => capped("model", text));
        const agent = orNull(span.agent, (text) => capped("agent", text));
        const errorType = orNull(span.errorType, (text) => capped("error", text));
        const tool = orNull(span.tool, toolCapped);
        const isAsItWas =
          name === span.name &&
          model === span.model &&
          agent === span.agent &&
          errorType === span.errorType &&
          tool === span.tool;
        return isAsItWas ? span : { ...span, name, model, agent, errorType, tool };
      });
    },
  };
}

function orNull<Value, Result>(value: Value | null, map: (value: Value) => Result): Result | null {
  return value === null ? null : map(value);
}
