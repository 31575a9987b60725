import { SpanStatusCode, trace } from "@opentelemetry/api";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { SdkError } from "../error.ts";
import { gatewayHeaders, inRequest, recordSpans } from "../it/recorded-spans.ts";
import { createTool, type ToolOptions } from "./tool.ts";

let spans: ReturnType<typeof recordSpans>;
beforeAll(() => {
  spans = recordSpans();
});
beforeEach(() => spans.exporter.reset());
afterAll(() => spans.stop());

type Refund = { amount: number };
const PARAMETERS = {
  type: "object",
  properties: { amount: { type: "number", maximum: 180 } },
  required: ["amount"],
  additionalProperties: false,
};
const pay = vi.fn((input: Refund) => ({ refundId: `real-${input.amount}` }));
beforeEach(() => void pay.mockClear());
const refund = (more: Partial<ToolOptions<Refund, { refundId: string }>> = {}) =>
  createTool("refund", { effect: "write", parameters: PARAMETERS, stub: { refundId: "stub" }, ...more } as never, pay);

test("a call is a span with arguments and result, under the gateway's trace and attributed", async () => {
  expect(await inRequest(gatewayHeaders("canary"), () => refund()({ amount: 5 }))).toEqual({ refundId: "real-5" });
  const [span] = spans.exporter.getFinishedSpans();
  expect(span?.name).toBe("execute_tool refund");
  expect(span?.parentSpanContext?.spanId).toBe("00000000000000f1");
  expect(span?.attributes).toEqual({
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "refund",
    "gen_ai.tool.type": "function",
    "gen_ai.tool.call.arguments": '{"amount":5}',
    "gen_ai.tool.call.result": '{"refundId":"real-5"}',
    "perch.tool.effect": "write",
    "perch.release": "sha256:ab",
    "perch.arm": "canary",
    "perch.session.id": "s-1",
    "perch.rollout": "support-2",
  });
});

test("in a shadow a tool that writes is answered from its stub and never run", async () => {
  const result = await inRequest(gatewayHeaders("shadow"), () => refund()({ amount: 5 }));
  expect(result).toEqual({ refundId: "stub" });
  expect(pay).not.toHaveBeenCalled();
  expect(spans.exporter.getFinishedSpans()[0]?.attributes).toMatchObject({
    "gen_ai.tool.call.arguments": '{"amount":5}',
    "gen_ai.tool.call.result": '{"refundId":"stub"}',
    "perch.arm": "shadow",
    "perch.shadow.answered_by": "stub",
  });
});

test("baggage alone is enough to know a shadow", async () => {
  const { baggage, traceparent } = gatewayHeaders("shadow");
  await inRequest({ baggage, traceparent }, () => refund()({ amount: 5 }));
  expect(pay).not.toHaveBeenCalled();
});

test("a stub can look at the arguments", async () => {
  const tool = refund({ stub: ({ amount }: Refund) => ({ refundId: `stub-${amount}` }) });
  expect(await inRequest(gatewayHeaders("shadow"), () => tool({ amount: 7 }))).toEqual({ refundId: "stub-7" });
});

test("in a shadow a tool that reads is run", async () => {
  const tool = createTool("lookup", { effect: "read" }, pay);
  expect(await inRequest(gatewayHeaders("shadow"), () => tool({ amount: 1 }))).toEqual({ refundId: "real-1" });
});

test.each(["shadow", "canary"] as const)("arguments that do not fit are refused alike for a %s", async (arm) => {
  const call = inRequest(gatewayHeaders(arm), () => refund()({ amount: 500 }));
  await expect(call).rejects.toMatchObject({ code: "arguments_invalid" });
  await expect(call).rejects.toThrow("/amount: 500 is greater than 180");
  expect(pay).not.toHaveBeenCalled();
  const [span] = spans.exporter.getFinishedSpans();
  expect(span?.status.code).toBe(SpanStatusCode.ERROR);
  expect(span?.attributes["error.type"]).toBe("arguments_invalid");
});

test("a schema of a validation library, or a function, checks as well", async () => {
  const byZod = refund({ parameters: z.object({ amount: z.number().max(3) }) });
  await expect(byZod({ amount: 4 })).rejects.toThrow("/amount:");
  const byFunction = refund({ parameters: () => "never" });
  await expect(byFunction({ amount: 4 })).rejects.toThrow("never");
});

test("the first write that was stubbed marks where a session's shadow left the baseline, once", async () => {
  const lookup = createTool("lookup", { effect: "read" }, pay);
  for (const tool of [lookup, refund(), refund()]) {
    await inRequest(gatewayHeaders("shadow", "s-marked"), () => tool({ amount: 1 }));
  }
  const marked = spans.exporter
    .getFinishedSpans()
    .flatMap(({ name, events }) => events.map((event) => ({ name, event })));
  expect(marked).toHaveLength(1);
  expect(marked[0]).toMatchObject({
    name: "execute_tool refund",
    event: {
      name: "perch.shadow.diverged",
      attributes: { "perch.shadow.diverged": "write_stubbed", "perch.shadow.tool_calls_before": 1 },
    },
  });
});

test("what the baseline got in the same place is answered again, and is no divergence until a call differs", async () => {
  const tool = refund({ recorded: ({ amount }) => (amount === 5 ? { refundId: "baseline-5" } : undefined) });
  const inShadow = (amount: number) => inRequest(gatewayHeaders("shadow", "s-recorded"), () => tool({ amount }));
  expect(await inShadow(5)).toEqual({ refundId: "baseline-5" });
  expect(await inShadow(6)).toEqual({ refundId: "stub" });
  const [same, other] = spans.exporter.getFinishedSpans();
  expect(same?.attributes["perch.shadow.answered_by"]).toBe("record");
  expect(same?.events).toEqual([]);
  expect(other?.attributes["perch.shadow.diverged"]).toBe("call_not_recorded");
});

test("a tool that throws, and one whose result says isError, leave a failed span", async () => {
  const boom = createTool("boom", { effect: "read" }, () => {
    throw new TypeError("no such order");
  });
  await expect(boom({})).rejects.toThrow("no such order");
  const mcp = createTool("mcp", { effect: "read" }, () => ({ isError: true, content: [] }));
  expect(await mcp({})).toEqual({ isError: true, content: [] });
  const [thrown, said] = spans.exporter.getFinishedSpans();
  expect(thrown).toMatchObject({ status: { code: SpanStatusCode.ERROR, message: "no such order" } });
  expect(thrown?.attributes["error.type"]).toBe("TypeError");
  expect(said?.attributes["error.type"]).toBe("tool_error");
});

test("a call that a framework tells of already gets no second span", async () => {
  const attributes = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "refund" };
  await inRequest(gatewayHeaders("shadow", "s-framework"), () =>
    trace.getTracer("gen_ai").startActiveSpan("execute_tool refund", { attributes }, async (span) => {
      await refund()({ amount: 2 });
      span.end();
    }),
  );
  const finished = spans.exporter.getFinishedSpans();
  expect(finished).toHaveLength(1);
  expect(finished[0]?.attributes).toMatchObject({ "perch.tool.effect": "write", "perch.shadow.answered_by": "stub" });
});

test("a tool called by another tool has a span of its own", async () => {
  const inner = createTool("inner", { effect: "read" }, () => 1);
  const outer = createTool("outer", { effect: "read" }, async () => await inner({}));
  await outer({});
  expect(spans.exporter.getFinishedSpans().map(({ name }) => name)).toEqual([
    "execute_tool inner",
    "execute_tool outer",
  ]);
});

test("a tool that writes cannot be made without a stub, nor one with a schema that is none", () => {
  expect(() => createTool("refund", { effect: "write" } as never, pay)).toThrow(SdkError);
  const broken = { $ref: "#/$defs/nowhere" };
  expect(() => createTool("refund", { effect: "read", parameters: broken }, pay)).toThrow("no usable JSON Schema");
});

test("arguments that no JSON can say do not stop a tool", async () => {
  const circle: Record<string, unknown> = { big: 1n };
  circle["self"] = circle;
  const tool = createTool("any", { effect: "read" }, () => undefined);
  expect(await tool(circle)).toBeUndefined();
});
