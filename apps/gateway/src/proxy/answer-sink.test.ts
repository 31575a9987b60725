import { expect, test } from "vitest";
import { NO_FIELDS } from "../http1/fields.ts";
import type { ReadyAnswer } from "./ready-answer.ts";
import { tapped, type AnswerSink } from "./answer-sink.ts";
import type { ResponseTap } from "./response-tap.ts";

const answer: ReadyAnswer = {
  status: 200,
  reason: "OK",
  fields: NO_FIELDS,
  framing: { kind: "chunked" },
  keepsAlive: true,
  lines: "",
};

function watched(tap: Partial<ResponseTap>): { sink: AnswerSink; told: string[]; faults: unknown[] } {
  const told: string[] = [];
  const faults: unknown[] = [];
  const client: AnswerSink = {
    begin: () => void told.push("head"),
    data: (pieces) => void told.push(...pieces.map(String)),
    flush: () => void told.push("flush"),
    end: () => void told.push("end"),
    broken: (then) => then(),
  };
  const brake = { pause: () => void told.push("(agent waits)"), resume: () => void told.push("(agent goes on)") };
  const whole = { head: () => {}, chunk: () => {}, ...tap };
  return { sink: tapped(client, whole, { brake, onFault: (error) => faults.push(error) }), told, faults };
}

/** As a connection does it: head and first data in one piece, then the rest. */
function say(sink: AnswerSink): void {
  sink.begin(answer);
  sink.data([Buffer.from("a"), Buffer.from("b")]);
  sink.flush();
  sink.data([Buffer.from("c")]);
  sink.end(NO_FIELDS);
}

test("a tap that only looks holds nothing up", () => {
  const { sink, told } = watched({});
  say(sink);
  expect(told).toEqual(["head", "a", "b", "flush", "c", "end"]);
});

test("a piece that the tap takes its time with, and all behind it, wait in their order; so does the agent", async () => {
  let release = (): void => {};
  const written = new Promise<void>((resolve) => (release = resolve));
  const { sink, told } = watched({ chunk: (bytes) => (String(bytes) === "b" ? written : undefined) });
  say(sink);
  await Promise.resolve();
  expect(told).toEqual(["head", "a", "(agent waits)"]);
  release();
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(["head", "a", "(agent waits)", "b", "c", "end", "flush", "(agent goes on)"]);
});

test("an answer that breaks off while the tap still looks at it breaks off behind what came before", async () => {
  const { sink, told } = watched({ head: async () => {} });
  sink.begin(answer);
  sink.data([Buffer.from("a")]);
  sink.broken(() => told.push("cut"));
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(["(agent waits)", "head", "a", "cut", "flush", "(agent goes on)"]);
});

test("a tap that fails is told of, and the answer goes on", async () => {
  const { sink, told, faults } = watched({ chunk: () => Promise.reject(new Error("store down")) });
  say(sink);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told.filter((one) => !one.startsWith("("))).toEqual(["head", "a", "b", "c", "end", "flush"]);
  expect(faults).toHaveLength(3);
});
