import { expect, test } from "vitest";
import { FlagsError, readFlags } from "./read-flags.ts";

const TARGET = ["--target", "http://127.0.0.1:4700/support/"];

test("only the target is needed; a run has an id of its own and no end", () => {
  expect(readFlags(TARGET, "sim-1")).toEqual({
    target: "http://127.0.0.1:4700/support",
    ratePerSecond: 40,
    seed: 1,
    durationMs: Number.MAX_SAFE_INTEGER * 1000,
    maxSessions: Number.MAX_SAFE_INTEGER,
    maxInFlight: 80,
    runId: "sim-1",
  });
});

test("every flag is honoured", () => {
  const flags = ["--rate", "5.5", "--seed", "9", "--duration", "2", "--max-sessions", "7", "--run-id", "x"];
  expect(readFlags([...TARGET, ...flags, "--max-in-flight", "3"], "sim-1")).toMatchObject({
    ratePerSecond: 5.5,
    seed: 9,
    durationMs: 2000,
    maxSessions: 7,
    maxInFlight: 3,
    runId: "x",
  });
});

test.each([
  ["no target", []],
  ["a target that is no URL", ["--target", "support"]],
  ["a rate of zero", [...TARGET, "--rate", "0"]],
  ["a rate that is no number", [...TARGET, "--rate", "fast"]],
  ["a flag that nobody knows", [...TARGET, "--turbo"]],
])("%s is refused with what was expected", (_, args) => {
  expect(() => readFlags(args, "sim-1")).toThrow(FlagsError);
});
