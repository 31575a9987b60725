import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { gatherAnswers } from "./answers.ts";
import { createAsker } from "./asker.ts";
import type { InitFlags } from "./init-flags.ts";

const NO_FLAGS: InitFlags = { mcpHeader: [], mcpTimeout: 30 };

function typing(text: string) {
  const input = new PassThrough();
  const output = new PassThrough();
  input.end(text);
  return { asker: createAsker({ input, output }), shown: () => String(output.read() ?? "") };
}

describe("on a terminal", () => {
  test("each answer counts, Enter takes the default, and a wrong answer is asked for again", async () => {
    const { asker, shown } = typing("Bad Name\nhelper\n\nacme/tiny\nHelp.\napi.yaml\n\n");
    expect(await gatherAnswers("/x/My Agent", NO_FLAGS, asker)).toEqual({
      name: "helper",
      version: "0.1.0",
      model: { provider: "acme", name: "tiny" },
      prompt: "Help.",
      toolsFromOpenapi: "api.yaml",
      toolsFromMcp: "",
    });
    expect(shown()).toContain("[my-agent]");
  });

  test("what an option says is not asked", async () => {
    const { asker, shown } = typing("\n\n\n");
    const flags = { ...NO_FLAGS, name: "a", model: "b/c/d", prompt: "e" };
    expect(await gatherAnswers("x", flags, asker)).toMatchObject({ name: "a", model: { provider: "b", name: "c/d" } });
    expect(shown()).not.toContain("Name (");
  });

  test("a person who leaves makes nothing", async () => {
    await expect(gatherAnswers("x", NO_FLAGS, typing("a\n").asker)).rejects.toMatchObject({ code: "input_invalid" });
  });
});

describe("without a terminal", () => {
  test("defaults are taken when that is asked for", async () => {
    expect(await gatherAnswers("/x/…", { ...NO_FLAGS, yes: true }, null)).toMatchObject({
      name: "agent",
      version: "0.1.0",
    });
  });

  test("what is missing is named", async () => {
    await expect(gatherAnswers("x", { ...NO_FLAGS, name: "a", prompt: "b" }, null)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("--version, --model"),
    });
  });

  test.each<[Partial<InitFlags>, string]>([
    [{ name: "A" }, "--name"],
    [{ version: "1" }, "--version"],
    [{ model: "small" }, "--model"],
    [{ prompt: " " }, "--prompt"],
    [{ prompt: `key sk-${"a1".repeat(12)}` }, "key or token"],
    [{ prompt: "a", promptFile: "b" }, "--prompt and --prompt-file"],
  ])("%j is refused", async (flags, words) => {
    await expect(gatherAnswers("x", { ...NO_FLAGS, yes: true, ...flags }, null)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(words),
    });
  });
});
