import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLearner as createFromRules, prepareLearners, type Learner } from "./create-learner.ts";
import { findInJson } from "./find-in-json.ts";
import { isSessionId } from "./ids.ts";
import { parseSessionLearners } from "./parse-session-rules.ts";
import type { SessionLearner } from "./session-rules.ts";

type Answer = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly chunks: readonly (string | Uint8Array)[];
};

const createLearner = (rules: readonly SessionLearner[]): Learner => createFromRules(prepareLearners(rules));

/** Ids by the chunk that brought them; those of the head stand first. */
function learned(rules: readonly SessionLearner[], { status = 200, headers, chunks }: Answer): string[][] {
  const learner = createLearner(rules);
  const all = headers ?? { "content-type": "application/json" };
  const inHead = learner.head(status, (name) => all[name]);
  return [[...inHead], ...chunks.map((chunk) => [...learner.chunk(Buffer.from(chunk))])];
}

const rulesOf = (...words: string[]) => words.flatMap(parseSessionLearners);
const json = (pointer: string): SessionLearner => ({ kind: "responseJson", pointer, startsWith: "" });
const sse = { "content-type": "text/event-stream; charset=utf-8" };

/** A text cut into chunks at any bytes. */
function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

const whole = (body: unknown): Answer => ({ chunks: [JSON.stringify(body)] });
const streamed = (...events: unknown[]): Answer => ({
  headers: sse,
  chunks: events.map((event) => `event: x\ndata: ${JSON.stringify(event)}\n\n`),
});

describe("what protocols say", () => {
  const rpc = (result: unknown) => ({ jsonrpc: "2.0", id: "q", result });
  const update = { taskId: "t-1", contextId: "c-1" };

  test.each<[string, { rule: string; ids: string[] }, Answer]>([
    [
      "an MCP server's header",
      { rule: "mcp", ids: ["m-1"] },
      { headers: { ...sse, "mcp-session-id": "m-1" }, chunks: [] },
    ],
    [
      "a task of A2A 0.3",
      { rule: "a2a", ids: ["t-1", "c-1"] },
      whole(rpc({ kind: "task", id: "t-1", contextId: "c-1" })),
    ],
    ["a task of A2A 1.0", { rule: "a2a", ids: ["t-1", "c-1"] }, whole(rpc({ task: { id: "t-1", contextId: "c-1" } }))],
    ["a stream of A2A events", { rule: "a2a", ids: ["t-1", "c-1"] }, streamed(rpc(update), rpc(update))],
    [
      "a conversation of its own",
      { rule: "openai-responses", ids: ["conv_1"] },
      whole({ id: "conv_1", object: "conversation" }),
    ],
    [
      "a whole OpenAI response",
      { rule: "openai-responses", ids: ["resp_1"] },
      whole({ id: "resp_1", object: "response", output: [{ id: "msg_1" }] }),
    ],
    [
      "a streamed OpenAI response",
      { rule: "openai-responses", ids: ["resp_1"] },
      streamed({ type: "response.created", response: { id: "resp_1" } }),
    ],
    [
      "a chat completion, which is no name of a session",
      { rule: "openai-responses", ids: [] },
      whole({ id: "chatcmpl-1" }),
    ],
    ["a LangGraph thread", { rule: "langgraph", ids: ["th-1"] }, whole({ thread_id: "th-1", metadata: {} })],
  ])("%s", (_what, { rule, ids }, answer) => {
    expect(learned(rulesOf(rule), answer).flat()).toEqual(ids);
  });
});

describe("an id in a body", () => {
  test("is found in the chunk that brings its last byte, wherever the chunks are cut", () => {
    const text =
      '\uFEFF: hello\r\n\r\nid: 1\r\ndata: {"a":["x",{"no":1}],\r\ndata:  "deep":{"id":"s\\u00e9","x":"\\\\\\"}"},"id":"s-1"}\r\n\r\n';
    const bytes = Buffer.from(text);
    const end = Buffer.from(text.slice(0, text.indexOf('s-1"') + 4)).length;
    fc.assert(
      fc.property(fc.array(fc.nat()), (cuts) => {
        const chunks = cutAt(bytes, cuts);
        const perChunk = learned([json("/id"), json("/deep/id")], { headers: sse, chunks }).slice(1);
        let seen = 0;
        const wanted = chunks.map((chunk) => {
          const [from, to] = [seen, seen + chunk.length];
          seen = to;
          return from < end && end <= to ? ["s-1"] : [];
        });
        expect(perChunk).toEqual(wanted);
      }),
    );
  });

  test("is found behind any text of backslashes and quotes, however it is cut", () => {
    const tricky = fc.string({ unit: fc.constantFrom("\\", '"', "x", "{", "\n"), maxLength: 12 });
    fc.assert(
      fc.property(tricky, fc.array(fc.nat(), { maxLength: 6 }), (text, cuts) => {
        const bytes = Buffer.from(JSON.stringify({ text, deep: { text, id: "no" }, id: "s-1" }));
        expect(learned([json("/id")], { chunks: cutAt(bytes, cuts) }).flat()).toEqual(["s-1"]);
      }),
    );
  });

  test("is the one that a JSON parser finds, in any document and however it is cut", () => {
    const pointer = fc.constantFrom("/id", "/a/id", "/list/1/id", "/list/0");
    const id = fc.oneof(fc.stringMatching(/^[!-~]{1,20}$/), fc.nat(), fc.constant(null), fc.string());
    const document = fc.record(
      {
        noise: fc.jsonValue(),
        id,
        a: fc.record({ noise: fc.jsonValue(), id }, { requiredKeys: [] }),
        list: fc.array(fc.oneof(id, fc.record({ id }))),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(document, pointer, fc.array(fc.nat()), (value, at, [indent, ...cuts]) => {
        const text = JSON.stringify(value, null, (indent ?? 0) % 3);
        const found = findInJson(text, at);
        const wanted = found.kind === "found" && isSessionId(found.value) ? [found.value] : [];
        expect(learned([json(at)], { chunks: cutAt(Buffer.from(text), cuts) }).flat()).toEqual(wanted);
      }),
    );
  });

  test.each<[string, Answer]>([
    ["of a failed answer", { status: 500, chunks: ['{"id":"x"}'] }],
    [
      "of a packed answer",
      { headers: { "content-type": "application/json", "content-encoding": "gzip" }, chunks: ['{"id":"x"}'] },
    ],
    ["of another type", { headers: { "content-type": "text/html" }, chunks: ['{"id":"x"}'] }],
    ["without a type", { headers: {}, chunks: ['{"id":"x"}'] }],
    ["behind the first 64 KB", { chunks: [`{"text":"${"x".repeat(65_530)}","id":"x"}`] }],
    ["behind malformed JSON", { chunks: ['{"a":},"id":"x"}'] }],
    ["below endless nesting", { chunks: ["[".repeat(60_000), '{"id":"x"}'] }],
    ["with control bytes", { chunks: ['{"id":"a\\u0000b"}'] }],
    ["of endless length", { chunks: [`{"id":"${"x".repeat(3000)}"}`] }],
    ["that is an object", { chunks: ['{"id":{"id":"x"}}'] }],
  ])("%s is not learned", (_what, answer) => {
    expect(learned([json("/id")], answer).flat()).toEqual([]);
  });

  test("of a later event is found after an event that is no JSON", () => {
    const chunks = ["data: [DONE\n\n", 'data: {"id":"x"}\n\n'];
    expect(learned([json("/id")], { headers: sse, chunks }).flat()).toEqual(["x"]);
  });

  test("is the first at its place: an answer names a session once", () => {
    const chunks = ['data: {"id":"x"}\n\n', 'data: {"id":"y"}\n\n'];
    expect(learned([json("/id")], { headers: sse, chunks }).flat()).toEqual(["x"]);
  });

  test("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, isStream) => {
        learned([json("/a")], { ...(isStream ? { headers: sse } : {}), chunks: [bytes] });
      }),
    );
  });
});

describe("where an answer leaves an A2A task", () => {
  const rpc = (result: unknown) => ({ jsonrpc: "2.0", id: "q", result });
  function stateAfter(rules: readonly SessionLearner[], { status = 200, headers, chunks }: Answer): string | null {
    const learner = createLearner(rules);
    const all = headers ?? { "content-type": "application/json" };
    learner.head(status, (name) => all[name]);
    for (const chunk of chunks) learner.chunk(Buffer.from(chunk));
    return learner.taskState();
  }
  const state = (name: string) => ({ status: { state: name } });
  const filler = (bytes: number) => ({ ...rpc({ kind: "artifact-update", artifact: "x".repeat(bytes) }) });

  test.each<[string, Answer, string | null]>([
    [
      "a task of 0.3",
      whole(rpc({ kind: "task", id: "t", contextId: "c", ...state("input-required") })),
      "input-required",
    ],
    ["a task of 1.0", whole(rpc({ task: { id: "t", ...state("TASK_STATE_REJECTED") } })), "rejected"],
    ["a spelling of others", whole(rpc(state("TASK_STATE_CANCELLED"))), "canceled"],
    ["a message", whole(rpc({ kind: "message", contextId: "c" })), null],
    ["a state that A2A does not have", whole(rpc(state("asleep"))), null],
    ["the last event of a stream", streamed(rpc(state("working")), rpc({ statusUpdate: state("failed") })), "failed"],
    [
      "the last event of a long stream",
      streamed(
        rpc(state("working")),
        filler(200_000),
        rpc({ kind: "status-update", final: true, ...state("completed") }),
      ),
      "completed",
    ],
    ["a long stream that told of no task at first", streamed(filler(200_000), rpc(state("completed"))), null],
    ["a failed request", { ...whole(rpc(state("failed"))), status: 500 }, null],
    ["a state elsewhere", whole({ status: { state: "failed" } }), null],
  ])("%s", (_, answer, expected) => {
    expect(stateAfter(rulesOf("mcp", "a2a", "openai-responses"), answer)).toBe(expected);
  });

  test("an agent that learns no ids of A2A speaks none", () => {
    expect(stateAfter(rulesOf("openai-responses"), whole(rpc(state("failed"))))).toBeNull();
  });

  test("states are found after every id was, and cost no id", () => {
    const answer = streamed(rpc({ id: "t", contextId: "c", ...state("working") }), rpc({ ...state("completed") }));
    expect(stateAfter([json("/result/contextId")], answer)).toBe("completed");
    expect(learned(rulesOf("a2a"), answer)).toEqual([[], ["t", "c"], []]);
  });
});
