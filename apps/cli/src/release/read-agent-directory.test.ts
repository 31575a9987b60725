import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createMemoryRegistry } from "@perch/adapters/in-memory";
import { ReleaseError } from "@perch/domain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildFromDirectory } from "./build-from-directory.ts";

const AGENT = `apiVersion: perch.dev/v1
kind: Agent
metadata: { name: support, version: 1.0.0 }
spec:
  model: { provider: openai, name: small-1 }
  prompts:
    - name: system
      role: system
      file: prompts/system.md
  tools:
    - name: refund
      description: Pays an order back.
      effect: write
      parameters: { file: tools/refund.json }
  orchestration:
    directory: app
    entrypoint: main.mjs
    framework: { name: none, version: "1" }
  policy: { escalationTools: [], successTools: [refund] }
`;
const FILES: Readonly<Record<string, string>> = {
  "agent.yaml": AGENT,
  "prompts/system.md": "Help.",
  "tools/refund.json": '{"type":"object"}',
  "app/main.mjs": "",
};

let scratch = "";
let count = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-agent-"));
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

async function agentDirectory(changes: Readonly<Record<string, string | null>> = {}): Promise<string> {
  count += 1;
  const directory = join(scratch, `${count}`);
  for (const [path, text] of Object.entries({ ...FILES, ...changes })) {
    if (text === null) continue;
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  return directory;
}

async function problemsOf(directory: string): Promise<readonly string[]> {
  const error: unknown = await buildFromDirectory(directory, createMemoryRegistry()).catch((reason: unknown) => reason);
  if (!(error instanceof ReleaseError)) return [];
  expect(error.code).toBe("spec_invalid");
  return error.problems.map(({ file, message, line, column }) =>
    [...(file === undefined ? [] : [file]), ...(line === undefined ? [] : [line, `${column} ${message}`])].join(":"),
  );
}

test("a complete directory is built, and gives the same release wherever it lies", async () => {
  const one = await buildFromDirectory(await agentDirectory(), createMemoryRegistry());
  const other = await buildFromDirectory(await agentDirectory(), createMemoryRegistry());
  expect(one.digest).toBe(other.digest);
  expect(one.manifest.components.map(({ name }) => name)).toEqual([
    "model",
    "system",
    "refund",
    "orchestration",
    "policy",
  ]);
});

test("the spelling of agent.yaml does not matter, only what it says", async () => {
  const restyled = AGENT.replace(
    "{ provider: openai, name: small-1 }",
    '\n    # the model\n    "name": "small-1"\n    provider: openai',
  );
  const one = await buildFromDirectory(await agentDirectory(), createMemoryRegistry());
  const other = await buildFromDirectory(await agentDirectory({ "agent.yaml": restyled }), createMemoryRegistry());
  expect(other.digest).toBe(one.digest);
});

describe("refused with line and column:", () => {
  test("several problems of different kinds, all at once, in the order of the file", async () => {
    const agent = AGENT.replace("provider: openai", "provider: 3, apiKey: hunter2")
      .replace("effect: write", "effect: wipe")
      .replace("main.mjs", "start.mjs");
    const directory = await agentDirectory({ "agent.yaml": agent, "prompts/system.md": null });
    expect(await problemsOf(directory)).toEqual([
      "5:12 found the number 3 at spec.model.provider, expected a string",
      '5:25 found field "apiKey", which spec.model does not have',
      '5:25 found a value for "apiKey", expected no secrets: refer to one with auth: { ref: NAME }',
      '9:7 found no file "prompts/system.md", expected one in the agent\'s directory',
      '13:7 found "wipe" at spec.tools[0].effect, expected "read" or "idempotent" or "write"',
      '17:5 found no file "start.mjs" in "app", expected the program to start',
    ]);
  });

  test("a key that is given twice", async () => {
    const agent = AGENT.replace("kind: Agent", "kind: Agent\nkind: Agent");
    expect(await problemsOf(await agentDirectory({ "agent.yaml": agent }))).toEqual([
      '3:1 found the key "kind" twice, expected each key once',
    ]);
  });

  test("YAML that cannot be read", async () => {
    const [problem] = await problemsOf(await agentDirectory({ "agent.yaml": "kind: Agent\nspec: [1, 2\nx: y\n" }));
    expect(problem).toMatch(/^3:\d+ /);
  });

  test("more than one document", async () => {
    const problems = await problemsOf(await agentDirectory({ "agent.yaml": `${AGENT}---\n${AGENT}` }));
    expect(problems[0]).toMatch(/^20:1 .*multiple documents/);
  });

  test("aliases of aliases without end", async () => {
    const bomb = ["a0: &a0 [x, x, x]"];
    for (let level = 1; level < 9; level += 1) {
      bomb.push(`a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(", ")}]`);
    }
    const problems = await problemsOf(await agentDirectory({ "agent.yaml": bomb.join("\n") }));
    expect(problems.join()).toContain("alias");
  });

  test.each(["", "[]", "just text", "null"])("a document that says %j", async (text) => {
    expect(await problemsOf(await agentDirectory({ "agent.yaml": text }))).toHaveLength(1);
  });

  test("an entrypoint that is not in the orchestration directory", async () => {
    expect(await problemsOf(await agentDirectory({ "app/main.mjs": null, "app/other.mjs": "" }))).toEqual([
      '17:5 found no file "main.mjs" in "app", expected the program to start',
    ]);
  });

  test("an orchestration directory that is missing", async () => {
    expect(await problemsOf(await agentDirectory({ "app/main.mjs": null }))).toEqual([
      '16:5 found no directory "app", expected the agent\'s program in it',
    ]);
  });

  test("a prompt that is a link out of the directory", async () => {
    const directory = await agentDirectory({ "prompts/system.md": null, "prompts/other.md": "" });
    await symlink("/etc/hostname", join(directory, "prompts/system.md"));
    expect(await problemsOf(directory)).toEqual([
      '9:7 found a link "prompts/system.md" that leads out of the agent\'s directory, expected a file in it',
    ]);
  });

  test("a schema file that is no JSON", async () => {
    expect(await problemsOf(await agentDirectory({ "tools/refund.json": "{" }))).toEqual([
      "tools/refund.json:1:2 found the end, expected a key in double quotes",
    ]);
  });
});

test("a directory without agent.yaml is refused", async () => {
  await expect(buildFromDirectory(join(scratch, "nowhere"), createMemoryRegistry())).rejects.toMatchObject({
    code: "spec_invalid",
    message: expect.stringContaining("found no file"),
  });
});
