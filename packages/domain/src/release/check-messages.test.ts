import { expect, test } from "vitest";
import { checkSpecFile } from "./spec-file.ts";

function problemsOf(file: string, text: string): readonly string[] {
  const reference = { path: ["spec", "prompts", 0, "file"], file, role: "few-shot" as const };
  return checkSpecFile(reference, Buffer.from(text), []).map(
    ({ at, message }) => `${at?.file}:${at?.line}:${at?.column} ${message}`,
  );
}

const TALK = [
  { role: "user", content: "Where is it?" },
  { role: "assistant", content: null, tool_calls: [{ id: "1" }] },
  { role: "tool", tool_call_id: "1", content: [{ type: "text", text: "On its way." }] },
];

test("examples are messages, or conversations of messages, in JSON or line by line", () => {
  expect(problemsOf("shots.json", JSON.stringify(TALK, null, 2))).toEqual([]);
  expect(problemsOf("shots.json", JSON.stringify([{ messages: TALK }, { messages: TALK }]))).toEqual([]);
  expect(problemsOf("shots.jsonl", TALK.map((message) => JSON.stringify(message)).join("\r\n"))).toEqual([]);
  expect(
    problemsOf("shots.jsonl", `${JSON.stringify({ messages: TALK })}\n\n${JSON.stringify({ messages: TALK })}\n`),
  ).toEqual([]);
});

test("a file of another name is any text", () => {
  expect(problemsOf("shots.md", "Q: Where is it?\nA: On its way.")).toEqual([]);
});

test("what is none is told with its line", () => {
  expect(problemsOf("shots.json", '[{"role":"user","content":"a"},\n {"role":"robot","content":"b"}]')).toEqual([
    expect.stringContaining('shots.json:2:3 found "robot"'),
  ]);
  expect(problemsOf("shots.jsonl", '{"role":"user","content":"a"}\n{"role":"user"}\n{"role":\n')).toEqual([
    expect.stringContaining("shots.jsonl:2:1 found an object, expected a message with content or tool_calls"),
    "shots.jsonl:3:9 found the end, expected a value",
  ]);
  expect(problemsOf("shots.json", "{}")).toEqual([
    "shots.json:1:1 found no list of messages, expected [{ role, content }, …]",
  ]);
});
