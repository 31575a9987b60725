import { expect, test } from "vitest";
import { lastUserWords } from "./user-words.ts";

test("reads each form in which the AI SDK carries what the user said", () => {
  expect(lastUserWords('{"system":"s","prompt":"hello"}')).toBe("hello");
  expect(lastUserWords('{"messages":[{"role":"user","content":"hello"}]}')).toBe("hello");
  expect(
    lastUserWords('{"prompt":[{"role":"user","content":[{"type":"text","text":"hello"},{"type":"image"}]}]}'),
  ).toBe("hello");
  expect(lastUserWords('[{"role":"user","parts":[{"type":"text","content":"hello"}]}]')).toBe("hello");
});

test("finds no words where there are none", () => {
  for (const json of [
    null,
    "",
    "not json",
    '[{"role":"us',
    "3",
    "null",
    "{}",
    "[]",
    "[null]",
    '[{"role":"assistant","content":"hi"}]',
  ]) {
    expect(lastUserWords(json)).toBeNull();
  }
});
