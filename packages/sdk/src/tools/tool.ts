import type { Span } from "@opentelemetry/api";
import { SdkError } from "../error.ts";
import type { PerchSession } from "../turn/perch-session.ts";
import { currentScope } from "../turn/turn-scope.ts";
import { createArgumentCheck, type ToolParameters } from "./check-arguments.ts";
import { countToolCall, markDivergence } from "./shadow-path.ts";
import { underToolSpan } from "./tool-span.ts";

export type ToolOptions<Input, Result> = ReadTool | WriteTool<Input, Result>;

type Checked = {
  /** Checked before anything else. Leave it out where a framework has checked the arguments already. */
  readonly parameters?: ToolParameters;
};
type ReadTool = Checked & { readonly effect: "read" };
type WriteTool<Input, Result> = Checked & {
  readonly effect: "write";
  /** What a shadow gets for an answer, while nothing happens. */
  readonly stub: Result | ((input: Input, session: PerchSession) => Result | Promise<Result>);
  /** What the baseline got in the same place, where you keep that; `undefined` where you do not. */
  readonly recorded?: (input: Input, session: PerchSession) => Result | undefined | Promise<Result | undefined>;
};

export type Tool<Input, Rest extends readonly unknown[], Result> = (input: Input, ...rest: Rest) => Promise<Result>;

/**
 * A tool that is seen in traces, and that is safe in shadows: one that writes is answered from its stub, after its arguments
 * were checked as ever. It takes and gives what `run` does.
 */
export function createTool<Input, Rest extends readonly unknown[], Result>(
  name: string,
  options: ToolOptions<Input, Result>,
  run: (input: Input, ...rest: Rest) => Result | Promise<Result>,
): Tool<Input, Rest, Result> {
  // Plain JavaScript is not held to the types.
  if (options.effect !== "read" && !("stub" in options)) throw stubMissing(name);
  const check = options.parameters === undefined ? null : createArgumentCheck(name, options.parameters);
  const attributes = { "perch.tool.effect": options.effect };
  return async (input, ...rest) =>
    await underToolSpan({ name, input, attributes }, async (span) => {
      const session = currentScope()?.session ?? null;
      const before = session?.isShadow === true ? countToolCall(session) : 0;
      const problem = (await check?.(input)) ?? null;
      if (problem !== null) throw argumentsInvalid(name, problem);
      if (options.effect === "read" || session?.isShadow !== true) return await run(input, ...rest);
      return await answerShadow(options, { name, input, session, span, before });
    });
}

type ShadowCall<Input> = {
  readonly name: string;
  readonly input: Input;
  readonly session: PerchSession;
  readonly span: Span;
  readonly before: number;
};

async function answerShadow<Input, Result>(
  { stub, recorded }: WriteTool<Input, Result>,
  { name, input, session, span, before }: ShadowCall<Input>,
): Promise<Result> {
  const known = await recorded?.(input, session);
  span.setAttribute("perch.shadow.answered_by", known === undefined ? "stub" : "record");
  if (known !== undefined) return known;
  const because = recorded === undefined ? "write_stubbed" : "call_not_recorded";
  markDivergence(span, session, { tool: name, because, before });
  return isFunction(stub) ? await stub(input, session) : stub;
}

function isFunction<Result, Input>(
  stub: WriteTool<Input, Result>["stub"],
): stub is (input: Input, session: PerchSession) => Result | Promise<Result> {
  return typeof stub === "function";
}

function stubMissing(name: string): SdkError {
  return new SdkError({
    code: "stub_missing",
    message: `the tool "${name}" has no stub, expected one unless its effect is "read"`,
    hint: "give stub: what a shadow gets for an answer while nothing happens",
  });
}

function argumentsInvalid(name: string, problem: string): SdkError {
  return new SdkError({
    code: "arguments_invalid",
    message: `the arguments of "${name}" do not fit its parameters: ${problem}`,
    hint: "let the model see this message: it can call the tool again",
  });
}
