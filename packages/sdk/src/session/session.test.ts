import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { Writable } from "node:stream";
import { trace } from "@opentelemetry/api";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { gatewayHeaders, inRequest, recordSpans } from "../it/recorded-spans.ts";
import type { Evaluation } from "../telemetry/send-evaluation.ts";
import { incomingContext } from "../turn/incoming-context.ts";
import { inScope } from "../turn/turn-scope.ts";
import { annotate } from "./annotate.ts";
import { boundary } from "./boundary.ts";
import { escalate } from "./escalate.ts";
import { createOutcome } from "./outcome.ts";

let spans: ReturnType<typeof recordSpans>;
beforeAll(() => {
  spans = recordSpans();
});
beforeEach(() => spans.exporter.reset());
afterAll(() => spans.stop());

function answering<T>(run: (response: ServerResponse) => T): T {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  return inScope({ session: null, context: incomingContext({}), response, annotations: {} }, () => run(response));
}

test("a boundary is said in the head of the answer", () => {
  answering((response) => {
    expect(boundary.safe()).toBe(true);
    expect(response.getHeader("x-perch-boundary")).toBe("safe");
    expect(boundary.end()).toBe(true);
    expect(response.getHeader("x-perch-boundary")).toBe("end");
    expect(response.getHeader("x-perch-session-end")).toBe("1");
  });
});

test("behind the head a boundary is said in the trailer of an answer in chunks", async () => {
  const request = Object.assign(new IncomingMessage(new Socket()), { httpVersionMajor: 1, httpVersionMinor: 1 });
  const response = new ServerResponse(request);
  let sent = "";
  const socket = new Writable({ write: (chunk: Buffer, _encoding, done) => done(void (sent += chunk.toString())) });
  response.assignSocket(socket as Socket);
  inScope({ session: null, context: incomingContext({}), response, annotations: {} }, () => {
    response.writeHead(200).write("words");
    expect(boundary.safe()).toBe(true);
    // The session's end has to be said in the head.
    expect(boundary.end()).toBe(false);
    response.end();
  });
  await vi.waitFor(() => expect(sent).toMatch(/words\r\n0\r\nx-perch-boundary: end\r\n\r\n$/), 20_000);
});

test("a boundary that cannot be said any more is no error, and nobody is told that it was", () => {
  answering((response) => {
    response.writeHead(200, { "content-length": "2" });
    expect(boundary.safe()).toBe(false);
    response.end("ok");
    expect(boundary.end()).toBe(false);
  });
  expect(boundary.safe()).toBe(false);
});

test("an escalation is a call of the escalation tool, with the reason", async () => {
  await inRequest(gatewayHeaders("canary"), () => escalate("asks for a person", { tool: "handoff" }));
  expect(spans.exporter.getFinishedSpans()[0]).toMatchObject({
    name: "execute_tool handoff",
    attributes: {
      "gen_ai.tool.name": "handoff",
      "perch.escalation.reason": "asks for a person",
      "perch.arm": "canary",
    },
  });
});

test("annotations are on the present span and on later ones of the turn, not on those of others", () => {
  const begin = (name: string) => trace.getTracer("app").startSpan(name).end();
  inRequest(gatewayHeaders("canary"), () => {
    trace.getTracer("app").startActiveSpan("present", (span) => {
      annotate({ tier: "gold" });
      span.end();
    });
    begin("later");
  });
  inRequest(gatewayHeaders("canary"), () => begin("other"));
  expect(spans.exporter.getFinishedSpans().map(({ attributes }) => attributes["tier"])).toEqual([
    "gold",
    "gold",
    undefined,
  ]);
  expect(() => annotate({ "perch.release": "sha256:cd" })).toThrow('does not begin with "perch."');
});

const sent: Evaluation[] = [];
beforeEach(() => void sent.splice(0));
const outcome = createOutcome({
  send: async (evaluation) => {
    sent.push(evaluation);
    return { kind: "accepted" };
  },
  now: () => 1_900_000_000_000,
  agent: "support",
});

test("an outcome is an evaluation of the present session", async () => {
  await inRequest(gatewayHeaders("canary"), () => outcome("success"));
  await inRequest(gatewayHeaders("canary"), () =>
    outcome("failure", { score: 0.2, name: "csat", explanation: "cross" }),
  );
  expect(sent[0]).toMatchObject({ name: "outcome", value: 1, label: "success", at: 1_900_000_000_000 });
  expect(sent[0]?.attributes).toMatchObject({
    "perch.session.id": "s-1",
    "perch.agent": "support",
    "perch.arm": "canary",
  });
  expect(sent[1]).toMatchObject({ name: "csat", value: 0.2, label: "failure", explanation: "cross" });
});

test("an outcome may be known when nobody is asking, and then names its session", async () => {
  expect(await outcome("success")).toMatchObject({ kind: "skipped" });
  expect(await outcome("success", { session: "s-9", at: 1 })).toEqual({ kind: "accepted" });
  expect(sent).toMatchObject([{ at: 1, attributes: { "perch.session.id": "s-9" }, traceId: null }]);
});

test("a shadow has no outcome, and an outcome is nothing but success or failure with a number", async () => {
  expect(await inRequest(gatewayHeaders("shadow"), () => outcome("success"))).toMatchObject({ kind: "skipped" });
  await expect(outcome("great" as never, { session: "s" })).rejects.toMatchObject({ code: "outcome_invalid" });
  await expect(outcome("success", { session: "s", score: Number.NaN })).rejects.toThrow("NaN");
  expect(sent).toEqual([]);
});
