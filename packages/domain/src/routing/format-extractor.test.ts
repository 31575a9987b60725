import { expect, test } from "vitest";
import { formatExtractor } from "./format-extractor.ts";
import { parseSessionExtractors } from "./parse-session-rules.ts";

test.each([
  "header:x-user-id",
  "cookie:uid",
  "query:user",
  "path:/users/{session}/**",
  "json:/user/id",
  "wsFrame:/user",
  "jwt:sub",
  "jwt:/org/id@header:x-token",
  "jwt:sub@cookie:token",
  "jwt:sub + header:x-tenant",
])("%s is said as it is written", (text) => {
  expect(parseSessionExtractors(text).map(formatExtractor)).toEqual([text]);
});
