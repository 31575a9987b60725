import { parseSessionExtractors, type SessionExtractor } from "@perch/domain";
import { expect, test } from "vitest";
import type { Fields } from "../http1/fields.ts";
import { translateIds, type Addressed } from "./translate-ids.ts";

const fieldsOf = (lines: readonly (readonly [string, string])[]): Fields => ({
  names: lines.map(([name]) => name),
  keys: lines.map(([name]) => name.toLowerCase()),
  values: lines.map(([, value]) => value),
});

function aRequest(change: Partial<Addressed> = {}): Addressed {
  return { method: "POST", path: "/", query: "", fields: fieldsOf([]), body: Buffer.alloc(0), ...change };
}

function translate(extractor: string | readonly SessionExtractor[], request: Addressed) {
  const extractors = typeof extractor === "string" ? parseSessionExtractors(extractor) : extractor;
  const shadows: Readonly<Record<string, string | null>> = { theirs: "own one", lost: null };
  return translateIds(request, { extractors, session: "session-1", ids: { shadowOf: (id) => shadows[id] } });
}

const translated = (request: Partial<Addressed>) => ({ kind: "translated", request: aRequest(request) });

test("an id is replaced where it stands, and the rest stays as it is", () => {
  const fields = fieldsOf([
    ["Accept", "a"],
    ["X-Thread", "theirs"],
    ["B", "theirs"],
  ]);
  const replaced = fieldsOf([
    ["Accept", "a"],
    ["X-Thread", "own one"],
    ["B", "theirs"],
  ]);
  expect(translate("header:x-thread", aRequest({ fields }))).toEqual(translated({ fields: replaced }));
  expect(translate("path:/threads/{session}/runs/**", aRequest({ path: "/threads/theirs/runs/theirs" }))).toEqual(
    translated({ path: "/threads/own%20one/runs/theirs" }),
  );
  expect(translate("query:thread", aRequest({ query: "?a=theirs&thread=theirs" }))).toEqual(
    translated({ query: "?a=theirs&thread=own+one" }),
  );
  const cookie = (value: string) => ({ fields: fieldsOf([["cookie", value]]) });
  expect(translate("cookie:sid", aRequest(cookie("a=theirs; sid=theirs; b=1")))).toEqual(
    translated(cookie("a=theirs; sid=own one; b=1")),
  );
  const json = (id: string) => ({
    fields: fieldsOf([["content-type", "application/json"]]),
    body: Buffer.from(`{"ü":{"id" : "${id}"},"n":1.0,"text":"theirs ü"}`),
  });
  expect(translate("json:/ü/id", aRequest(json("theirs")))).toEqual(translated(json("own one")));
});

test("the session itself, and an id in a place that did not decide, stay what they are", () => {
  const fields = fieldsOf([
    ["x-session-id", "session-1"],
    ["x-other", "whatever"],
  ]);
  const rules = ["header:x-session-id", "header:x-other"].flatMap(parseSessionExtractors);
  expect(translate(rules, aRequest({ fields }))).toEqual(translated({ fields }));
});

test("an id that means nothing to the shadow, or stands where it cannot be replaced, is not sent", () => {
  const token = `e30.${Buffer.from(JSON.stringify({ sub: "theirs" })).toString("base64url")}.x`;
  const fields = fieldsOf([
    ["x-thread", "theirs"],
    ["x-lost", "lost"],
    ["x-elsewhere", "learned elsewhere"],
    ["authorization", `Bearer ${token}`],
  ]);
  for (const rule of ["header:x-lost", "header:x-elsewhere", "jwt:sub"]) {
    expect(translate(rule, aRequest({ fields }))).toEqual({ kind: "unknown" });
  }
});
