import { aRawSpanWith } from "@perch/testkit";
import { expect, test } from "vitest";
import { digestOf } from "../release/digest.ts";
import type { AttributeValue, RawSpan } from "../telemetry/raw-span.ts";
import { readTransaction } from "./read-transaction.ts";

const RELEASE = digestOf("2.3.0");
const PLACE = { "perch.session.id": "s-1", "perch.release": RELEASE, "perch.agent": "support" };
const OPEN = { "perch.transaction.id": "r-1", "perch.transaction.state": "open" };

type Change = Partial<RawSpan> & { readonly tool?: string | null };

function read(attributes: Record<string, AttributeValue>, { tool = "refund", ...change }: Change = {}) {
  return readTransaction(aRawSpanWith(attributes, { startedAt: 1000, durationMs: 50, ...change }), () => tool);
}

const resource = (entries: Record<string, string>): Partial<RawSpan> => ({
  resource: new Map(Object.entries(entries)),
});

test("a span of a tool opens a transaction of that tool, as of its end, and another one closes it", () => {
  const said = { tool: "refund", id: "r-1", agent: "support", session: "s-1", release: RELEASE, at: 1050 };
  expect(read({ ...PLACE, ...OPEN })).toEqual({ kind: "said", said: { state: "open", ...said } });
  expect(read({ ...PLACE, ...OPEN, "perch.transaction.state": "closed" })).toEqual({
    kind: "said",
    said: { state: "closed", ...said },
  });
});

test("a span of no tool, or of another one, names the tool that began it", () => {
  const named = { ...PLACE, ...OPEN, "perch.transaction.tool": "book" };
  expect(read(named, { tool: null })).toMatchObject({ said: { tool: "book" } });
  expect(read(named)).toMatchObject({ said: { tool: "book" } });
  expect(read({ ...PLACE, ...OPEN }, { tool: null })).toEqual({
    kind: "refused",
    because: "a span tells of a transaction and is of no tool and has no perch.transaction.tool",
  });
});

test("whoever is not named on the span is named by its resource, and else looked up later", () => {
  const bare = { ...OPEN, "perch.session.id": "s-1" };
  expect(read(bare)).toMatchObject({ said: { agent: null, release: null, session: "s-1" } });
  const by = resource({ "perch.agent": "support", "perch.release": RELEASE });
  expect(read(bare, by)).toMatchObject({ said: { agent: "support", release: RELEASE } });
});

test.each([
  "mastra.metadata.",
  "ai.telemetry.metadata.",
  "langfuse.observation.metadata.",
  "langsmith.metadata.",
  "traceloop.association.properties.",
])("what %s holds is read as well", (prefix) => {
  const said = {
    [`${prefix}perch.transaction.id`]: "r-1",
    [`${prefix}perch.transaction.state`]: "open",
    [`${prefix}perch.transaction.tool`]: "book",
    [`${prefix}perch.session.id`]: "s-2",
  };
  expect(read(said)).toMatchObject({ kind: "said", said: { id: "r-1", tool: "book", session: "s-2" } });
  expect(read({ ...said, [`${prefix}perch.arm`]: "shadow" })).toBeNull();
});

test("a span without an id says nothing, nor does a shadow's, which begins nothing", () => {
  expect(read(PLACE)).toBeNull();
  expect(read({ ...PLACE, "perch.transaction.state": "open" })).toBeNull();
  expect(read({ ...PLACE, ...OPEN, "perch.arm": "shadow" })).toBeNull();
});

test.each<[string, Record<string, AttributeValue>, string]>([
  ["no state", { "perch.transaction.id": "r-1" }, "has no perch.transaction.state, expected open or closed"],
  ["another state", { ...OPEN, "perch.transaction.state": "begun" }, "has another perch.transaction.state"],
  ["an id that is none", { ...OPEN, "perch.transaction.id": "x".repeat(300) }, "expected a transaction's id"],
  ["an id that is no text", { ...OPEN, "perch.transaction.id": 7 }, "has a perch.transaction.id that is no text"],
  ["no session to open it", { ...OPEN, "perch.session.id": "" }, "names no session (perch.session.id)"],
])("%s is refused with what was expected", (_, attributes, because) => {
  expect(read({ ...PLACE, ...attributes })).toEqual({
    kind: "refused",
    because: expect.stringContaining(because),
  });
});

test("whoever closes one need not know its session", () => {
  const closing = { "perch.transaction.id": "r-1", "perch.transaction.state": "closed" };
  expect(read(closing)).toMatchObject({ said: { state: "closed", session: null, agent: null } });
});
