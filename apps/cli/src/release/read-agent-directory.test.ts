import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createMemoryRegistry } from "@perch/adapters/in-memory";
import { digestOf, ReleaseError } from "@perch/domain";
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
  return error.problems.map(({ file, message, line, column }) => {
    const place = [file ?? [], line ?? [], column ?? []].flat().join(":");
    return line === undefined ? `${place}: ${message}` : `${place} ${message}`;
  });
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

  test("problems of agent.yaml and of the files that it names, at once", async () => {
    const agent = AGENT.replace("effect: write", "effect: wipe")
      .replace("parameters: { file: tools/refund.json }", "parameters: { file: tools/refund.json, more: 1 }")
      .replace("  orchestration:", "  orchestration: # here");
    const secret = ["sk-", "abc123def456"].join("");
    expect(
      await problemsOf(
        await agentDirectory({
          "agent.yaml": agent,
          "prompts/system.md": `Help.\nUse ${secret}.`,
          "tools/refund.json": '{\n  "type": "object",\n  "type": "object", "a": 9007199254740993 }',
          "app/main.mjs": `// ${secret}\n`,
        }),
      ),
    ).toEqual([
      '13:7 found "wipe" at spec.tools[0].effect, expected "read" or "idempotent" or "write"',
      "14:7 found an object at spec.tools[0].parameters, expected either { file: PATH } alone or a JSON Schema",
      expect.stringMatching(/^app\/main\.mjs:1:4 found the shape of a key or token \(an API key\)/),
      expect.stringMatching(/^prompts\/system\.md:2:5 found the shape of a key or token \(an API key\)/),
      'tools/refund.json:3:3 found the key "type" twice, expected each key once',
      expect.stringMatching(/^tools\/refund\.json:3:26 found the integer 9007199254740993/),
    ]);
  });

  test("a translator that is not in the orchestration directory", async () => {
    const memory = `  memory:
    schema: { format: json-schema, file: tools/refund.json }
    store: { driver: sqlite }
    translators:
      - { from: ^0.9.0, module: memory/from-0.mjs }
`;
    const agent = AGENT.replace("  policy:", `${memory}  policy:`);
    expect(await problemsOf(await agentDirectory({ "agent.yaml": agent }))).toEqual([
      '23:25 found no file "memory/from-0.mjs" in "app", expected the module of a translator',
    ]);
    const built = await buildFromDirectory(
      await agentDirectory({ "agent.yaml": agent, "app/memory/from-0.mjs": "export {};" }),
      createMemoryRegistry(),
    );
    const component = built.manifest.components.find(({ kind }) => kind === "memory");
    const bytes = Buffer.from((component && built.blobs.get(component.digest)) ?? []).toString();
    expect(JSON.parse(bytes)).toMatchObject({
      translators: [{ from: "^0.9.0", module: "memory/from-0.mjs", size: 10, digest: digestOf("export {};") }],
    });
  });

  test("a schema file that is no JSON", async () => {
    expect(await problemsOf(await agentDirectory({ "tools/refund.json": "{" }))).toEqual([
      "tools/refund.json:1:2 found the end, expected a key in double quotes",
    ]);
  });
});

test("a secret is packed where secretScan allows it, and nowhere else", async () => {
  const secret = ["sk-", "abc123def456"].join("");
  const files = { "app/test/keys.mjs": `"${secret}"`, "app/.env": "A=1" };
  const allowed = `${AGENT}  secretScan:
    allow:
      - { path: app/test, reason: made for tests }
`;
  expect(await problemsOf(await agentDirectory({ ...files, "agent.yaml": allowed }))).toEqual([
    "app/.env: found a file that usually holds secrets, expected no secrets: pass them in the environment",
  ]);
  const all = `${allowed}      - { path: app/.env, reason: holds none }\n`;
  const release = await buildFromDirectory(
    await agentDirectory({ ...files, "agent.yaml": all }),
    createMemoryRegistry(),
  );
  expect(release.manifest.components.length).toBeGreaterThan(0);
});

test("the golden bundle is built from its directory byte for byte as it always was", async () => {
  const fixture = new URL("../../../../packages/domain/src/release/__fixtures__/golden-bundle.json", import.meta.url);
  const { bundles } = JSON.parse(await readFile(fixture, "utf8")) as {
    bundles: {
      agent: unknown;
      files: Record<string, string>;
      directory: { files: Record<string, string>; links: Record<string, string> } | null;
      expected: { digest: string };
    }[];
  };
  for (const { agent, files, directory, expected } of bundles) {
    const inside = Object.entries(directory?.files ?? {}).map(([path, text]) => [`app/${path}`, text] as const);
    // JSON is YAML too.
    const agentYaml = JSON.stringify(agent, null, 2);
    const root = await agentDirectory({
      ...Object.fromEntries(Object.keys(FILES).map((path) => [path, null])),
      ...files,
      ...Object.fromEntries(inside),
      "agent.yaml": agentYaml,
    });
    for (const [path, target] of Object.entries(directory?.links ?? {})) await symlink(target, join(root, "app", path));
    expect((await buildFromDirectory(root, createMemoryRegistry())).digest).toBe(expected.digest);
  }
});

test("a directory without agent.yaml is refused", async () => {
  await expect(buildFromDirectory(join(scratch, "nowhere"), createMemoryRegistry())).rejects.toMatchObject({
    code: "spec_invalid",
    message: expect.stringContaining("found no file"),
  });
});

test("a memory schema in Protobuf that is none is refused at its line", async () => {
  const memory = "  memory: { schema: { format: protobuf, file: memory.proto }, store: { driver: sqlite } }\n";
  const agent = { "agent.yaml": `${AGENT}${memory}` };
  const proto = 'syntax = "proto3";\nmessage Customer {\n  string name = ;\n}\n';
  expect(await problemsOf(await agentDirectory({ ...agent, "memory.proto": proto }))).toEqual([
    expect.stringMatching(
      /^memory\.proto:3:1 found .* at line 3 in a \.proto file, expected a Protocol Buffers schema/,
    ),
  ]);
  const whole = proto.replace("name = ;", "name = 1;");
  expect(await problemsOf(await agentDirectory({ ...agent, "memory.proto": whole }))).toEqual([]);
});
