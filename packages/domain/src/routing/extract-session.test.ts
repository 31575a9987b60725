import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extractSession, type RequestParts } from "./extract-session.ts";
import { parseSessionExtractors } from "./parse-session-rules.ts";
import type { SessionExtractor } from "./session-rules.ts";

const found = (value: string) => ({ kind: "found", value });
const ABSENT = { kind: "absent" };

type Asked = Partial<Omit<RequestParts, "head">> & { headers?: Readonly<Record<string, string>>; query?: string };

function parts({ headers = {}, query = "", agentPath = "/chat", body = "", frame = "" }: Asked): RequestParts {
  const head = { method: "POST", path: `/support${agentPath}`, query, header: (name: string) => headers[name] };
  return { head, agentPath, body, frame };
}

function extractor(text: string): SessionExtractor {
  const [first] = parseSessionExtractors(text);
  if (first === undefined) throw new Error(`no extractor in ${text}`);
  return first;
}

const extract = (text: string, asked: Asked) => extractSession(extractor(text), parts(asked));
const jwt = (claims: unknown): string => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

describe("an id in the path", () => {
  test.each([
    ["/threads/{session}/runs", "/threads/t-1/runs", found("t-1")],
    ["/threads/{session}/runs", "/threads/t-1/runs/", found("t-1")],
    ["/threads/{session}/runs", "/threads/t-1/runs/stream", ABSENT],
    ["/threads/{session}/runs/**", "/threads/t-1/runs/stream/x", found("t-1")],
    ["/threads/{session}/runs/**", "/threads/t-1/runs", found("t-1")],
    ["/threads/{session}", "/threads/", ABSENT],
    ["/threads/{session}", "/threads", ABSENT],
    ["/*/{session}", "/v1/a%2Fb", found("a/b")],
    ["/t/{session}", "/t/%00", found("\0")],
    ["/t/{session}", "/t/%zz", { kind: "unusable", found: '"%zz"' }],
    ["/t/{session}", "/other/x", ABSENT],
  ])("by %s in %s", (template, agentPath, wanted) => {
    expect(extract(`path:${template}`, { agentPath })).toEqual(wanted);
  });
});

test.each([
  ["?sid=q", found("q")],
  ["?a=1&sid=a%20b+c&sid=second", found("a b c")],
  ["?sid=", ABSENT],
  ["?sid", ABSENT],
  ["", ABSENT],
  ["?sidx=1", ABSENT],
])("an id in the query %s", (query, wanted) => {
  expect(extract("query:sid", { query })).toEqual(wanted);
});

describe("a claim of a token", () => {
  const token = jwt({ sub: "user-7", "https://claims.example/sid": "s", org: { id: 12 }, name: "two words" });

  test.each([
    ["jwt:sub", { authorization: `Bearer ${token}` }, found("user-7")],
    ["jwt:sub", { authorization: `bearer  ${token}` }, found("user-7")],
    ["jwt:https://claims.example/sid", { authorization: `Bearer ${token}` }, found("s")],
    ["jwt:/org/id", { authorization: `Bearer ${token}` }, found("12")],
    ["jwt:sub@header:X-Token", { "x-token": token }, found("user-7")],
    ["jwt:sub@cookie:auth", { cookie: `x=1; auth=${token}` }, found("user-7")],
  ])("%s is read", (rule, headers, wanted) => {
    expect(extract(rule, { headers })).toEqual(wanted);
  });

  test.each<[string, string]>([
    ["is missing", jwt({ iss: "x" })],
    ["cannot be an id", jwt({ sub: "two words" })],
    ["is an object", jwt({ sub: { a: 1 } })],
    ["stands in no JSON", "e30.bm90IGpzb24.c2ln"],
    ["stands in no token", "opaque"],
    ["stands in an encrypted token", "a.b.c.d.e"],
    ["stands in a token as large as a book", jwt({ sub: "u", filler: "x".repeat(10_000) })],
    ["stands below endless nesting", jwt(JSON.parse(`${"[".repeat(2000)}${"]".repeat(2000)}`))],
    ["has control characters", jwt({ sub: "a\nb" })],
  ])("that %s is absent", (_what, broken) => {
    expect(extract("jwt:sub", { headers: { authorization: `Bearer ${broken}` } })).toEqual(ABSENT);
  });

  test("never throws, whatever the header holds", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        extract("jwt:sub", { headers: { authorization: `Bearer ${a}.${b}.${a}` } });
        extract("jwt:sub", { headers: { authorization: a } });
      }),
    );
  });
});

test("the first message of a WebSocket is looked into as a body is", () => {
  expect(extract("wsFrame:/session", { frame: '{"session":"w-1","text":"hi"}' })).toEqual(found("w-1"));
  expect(extract("wsFrame:/session", { frame: "" })).toEqual(ABSENT);
  expect(extract("wsFrame:/session", { frame: "\0\0binary" })).toEqual(ABSENT);
});

describe("several places together", () => {
  const rule = "header:x-user + header:x-chat";

  test("make one id, and only when all are there", () => {
    expect(extract(rule, { headers: { "x-user": "u", "x-chat": "c" } })).toEqual(found("u|c"));
    expect(extract(rule, { headers: { "x-user": "u" } })).toEqual(ABSENT);
    expect(extract(rule, { headers: { "x-chat": "c" } })).toEqual(ABSENT);
  });

  test("never make the same id of two different lists, whatever clients write into them", () => {
    const value = fc.string({ minLength: 1, unit: fc.constantFrom("a", "|", "%", "7", "C", "2", "5") });
    const idOf = (user: string, chat: string) => extract(rule, { headers: { "x-user": user, "x-chat": chat } });
    fc.assert(
      fc.property(fc.tuple(value, value), fc.tuple(value, value), (one, other) => {
        fc.pre(one[0] !== other[0] || one[1] !== other[1]);
        expect(idOf(...one)).not.toEqual(idOf(...other));
      }),
    );
  });
});
