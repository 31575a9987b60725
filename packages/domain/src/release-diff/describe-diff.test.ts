import { aReleaseContent, type JsonDocument, type ReleaseDraft } from "@perch/testkit";
import { describe, expect, test } from "vitest";
import { describeDiff } from "./describe-diff.ts";
import { diffReleases } from "./diff-releases.ts";

const tool = (one: JsonDocument): ReleaseDraft => ({ tools: { refund: one } });
const parameters = (properties: JsonDocument, more: JsonDocument = {}): JsonDocument => ({
  parameters: { type: "object", properties, ...more },
});

describe("the summary names what matters most:", () => {
  const store = (driver: string): JsonDocument => ({
    schema: { format: "avro", definition: "int" },
    store: { driver },
  });
  const worst: readonly (readonly [ReleaseDraft, ReleaseDraft, string])[] = [
    [
      { memory: store("sqlite") },
      { memory: store("redis") },
      "memory store changed from sqlite to redis, breaking for agents and callers",
    ],
    [
      tool({ effect: "read" }),
      tool({ effect: "write" }),
      'tool "refund" now writes (read → write), breaking for agents',
    ],
    [
      tool(parameters({})),
      tool(parameters({ a: {} }, { required: ["a"] })),
      'tool "refund" parameter "a" added, required, breaking for agents',
    ],
    [{ model: { name: "a" } }, { model: { name: "b" } }, 'model name changed from "a" to "b"'],
    [
      { prompts: [["system", "system", "a"]] },
      { prompts: [["system", "system", "b"]] },
      'prompt "system" changed: 1 line added, 1 removed',
    ],
    [{ files: { a: "1" } }, { files: { a: "2" } }, "orchestration file a changed: 1 line added, 1 removed"],
    [
      tool({ description: "a" }),
      tool({ description: "b" }),
      'tool "refund" changed its description: 1 line added, 1 removed',
    ],
  ];
  const merge = (drafts: readonly ReleaseDraft[]): ReleaseDraft => ({
    ...Object.assign({}, ...drafts),
    tools: { refund: Object.assign({}, ...drafts.map((draft) => draft.tools?.["refund"] ?? {})) },
  });

  test.each(worst.map((row, index) => [row[2], index] as const))("%s", (words, index) => {
    const rest = worst.slice(index);
    const diff = diffReleases(
      aReleaseContent(merge(rest.map(([before]) => before))),
      aReleaseContent(merge(rest.map(([, after]) => after))),
    );
    expect(diff.summary).toMatch(/^\d of \d components changed; what matters most: /);
    expect(diff.summary.endsWith(`what matters most: ${words}`)).toBe(true);
  });

  test("with nothing changed", () => {
    expect(diffReleases(aReleaseContent(), aReleaseContent()).summary).toBe("no differences");
    expect(diffReleases(aReleaseContent(), aReleaseContent({ version: "1.0.1" })).summary).toBe(
      "no differences but the release's name",
    );
  });

  test("with only another order", () => {
    const diff = diffReleases(
      aReleaseContent({ tools: { a: {}, b: {} } }),
      aReleaseContent({ tools: { b: {}, a: {} } }),
    );
    expect(diff.summary).toBe(
      "0 of 6 components changed; what matters most: the order of tools changed from a, b to b, a",
    );
  });
});

describe("the version", () => {
  const breaking = [tool({ effect: "read" }), tool({ effect: "write" })] as const;
  const adding = [{ tools: {} }, tool({})] as const;
  const quiet = [{ model: { name: "a" } }, { model: { name: "b" } }] as const;
  const takes = (step: string) => expect.stringContaining(`takes a ${step} step`);
  test.each<readonly [string, string, readonly [ReleaseDraft, ReleaseDraft], readonly unknown[]]>([
    ["1.0.0", "1.0.1", breaking, [takes("major")]],
    ["1.0.0", "1.1.0", breaking, [takes("major")]],
    ["1.0.0", "2.0.0", breaking, []],
    ["1.0.0", "2.0.0-rc.1", breaking, []],
    ["0.1.0", "0.1.1", breaking, [takes("minor")]],
    ["0.1.0", "0.2.0", breaking, []],
    ["1.0.0", "1.0.1", adding, [takes("minor")]],
    ["1.0.0", "1.1.0", adding, []],
    ["0.1.0", "0.1.1", adding, []],
    ["1.0.0", "1.0.1", quiet, []],
    ["1.0.0", "1.0.0", quiet, [expect.stringContaining("both are called 1.0.0 and differ")]],
    ["1.0.0", "1.0.0+b2", breaking, [takes("major")]],
    ["2.0.0", "1.0.0", breaking, []],
  ])("%s → %s", (...[from, to, [before, after], warnings]) => {
    const diff = diffReleases(
      aReleaseContent({ ...before, version: from }),
      aReleaseContent({ ...after, version: to }),
    );
    expect(diff.warnings).toEqual(warnings);
  });

  test("goes back in a rollback", () => {
    const diff = diffReleases(aReleaseContent({ version: "1.1.0" }), aReleaseContent({ version: "1.0.0-rc.1" }));
    expect([diff.direction, diff.step]).toEqual(["older", "minor"]);
    expect(describeDiff(diff)[0]?.text).toBe("support@1.1.0 → support@1.0.0-rc.1 (an older version, as in a rollback)");
  });

  test("of another agent is said to be one", () => {
    expect(diffReleases(aReleaseContent(), aReleaseContent({ agent: "sales" })).warnings).toEqual([
      "these are releases of different agents: support and sales",
    ]);
  });
});

test("a description is safe to print, whatever the files are called and say", () => {
  const esc = "\u001B";
  const hostile = {
    files: { [`${esc}[31mred\n`]: "x" },
    prompts: [["system", "system", `${esc}]0;title\u0007\r\u202Eabc\t.\n`]],
  } as const;
  const text = describeDiff(diffReleases(aReleaseContent(), aReleaseContent(hostile))).map((line) => line.text);
  expect(text.join("")).not.toMatch(/(?!\t)[\p{Cc}\p{Cf}]/u);
  expect(text).toContain("      +\\u{1b}]0;title\\u{7}\\u{d}\\u{202e}abc\t.");
});
