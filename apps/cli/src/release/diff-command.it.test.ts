import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { releaseDiffSchema } from "@perch/api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const PERCH = fileURLToPath(new URL("../../bin/perch.js", import.meta.url));

const AGENT = `apiVersion: perch.dev/v1
kind: Agent
metadata: { name: support, version: 1.0.0 }
spec:
  model: { provider: openai, name: small-1 }
  prompts: [{ name: system, role: system, file: system.md }]
  tools:
    - name: refund
      description: Pays an order back.
      effect: read
      parameters: { file: refund.json }
    - { name: escalate, description: Hands over., effect: write, parameters: { type: object } }
  memory:
    schema: { format: protobuf, file: memory.proto }
    store: { driver: sqlite }
  orchestration: { directory: app, entrypoint: main.mjs, framework: { name: none, version: "1" } }
  policy: { escalationTools: [escalate], successTools: [refund] }
`;
const FILES: Readonly<Record<string, string>> = {
  "agent.yaml": AGENT,
  "system.md": "You help.\nBe kind.\n",
  "refund.json":
    '{"type":"object","properties":{"order":{"type":"string"},"amount":{"type":"number"}},"required":["order"]}',
  "memory.proto": 'syntax = "proto3";\nmessage Memory { string user = 1; }\n',
  "app/main.mjs": "console.log(1);\n",
  "app/long.txt": "",
};
const CHANGED: Readonly<Record<string, string>> = {
  "agent.yaml": AGENT.replace("version: 1.0.0", "version: 1.0.1").replace("effect: read", "effect: write"),
  "system.md": "You help.\nBe very kind.\n",
  "refund.json": FILES["refund.json"]?.replace('["order"]', '["order","amount"]') ?? "",
  "memory.proto": 'syntax = "proto3";\nmessage Memory { string user = 1; int32 tier = 2; }\n',
  "app/long.txt": Array.from({ length: 1000 }, (_, index) => `line ${index}\n`).join(""),
};

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-diff-"));
  await write("a", FILES);
  await cp(join(scratch, "a"), join(scratch, "b"), { recursive: true });
  await write("b", CHANGED);
  for (const directory of ["a", "b"]) expect(perch(["release", "build", directory]).code).toBe(0);
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

async function write(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(scratch, directory, path)), { recursive: true });
    await writeFile(join(scratch, directory, path), text);
  }
}

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

function perch(args: readonly string[]): Ran {
  const ran = spawnSync(process.execPath, [PERCH, ...args], { cwd: scratch });
  return { code: ran.status, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

const diff = (...args: readonly string[]): Ran => perch(["release", "diff", ...args]);

test("two releases are compared in words, without colours in a pipe", () => {
  const { code, out, err } = diff("support@1.0.0", "support@1.0.1");
  expect([code, err]).toEqual([0, ""]);
  const lines = out.split("\n");
  expect(lines[0]).toBe("support@1.0.0 → support@1.0.1");
  expect(lines[2]).toBe(
    '4 of 7 components changed; what matters most: tool "refund" now writes (read → write), breaking for agents',
  );
  expect(lines[3]).toMatch(/^warning: 1\.0\.0 → 1\.0\.1 is a patch step/);
  expect(lines).toContain('  ! parameter "amount" became required — breaking for agents');
  expect(lines).toContain("    schema changed: each of the two releases reads what the other writes");
  expect(out).toContain("      -Be kind.\n      +Be very kind.\n");
  expect(lines).toContain("      … 600 more lines");
  expect(out).not.toContain("\u001B");
});

test("with --full no line is left out", () => {
  const { out } = diff("support@1.0.0", "support@1.0.1", "--full");
  expect(out).not.toContain("more lines");
  expect(out).toContain("+line 999");
});

test("as JSON it has the shape that the API promises, also the other way round", () => {
  for (const names of [
    ["support@1.0.0", "support@1.0.1"],
    ["support@1.0.1", "support@1.0.0"],
  ]) {
    const value: unknown = JSON.parse(diff(...names, "--json").out);
    expect(releaseDiffSchema.parse(value)).toEqual(value);
  }
});

test("a release is compared with a directory that is not built yet, which stays unbuilt", async () => {
  await cp(join(scratch, "a"), join(scratch, "c"), { recursive: true });
  await write("c", { "agent.yaml": AGENT.replace("1.0.0", "2.0.0").replace("small-1", "big-1") });
  expect(diff("support@1.0.0", "c").out).toContain('model name changed from "small-1" to "big-1"');
  expect(perch(["release", "list"]).out).not.toContain("2.0.0");
});

test("the exit code tells of differences only where it is asked to", () => {
  expect(diff("support@1.0.0", "support@1.0.1").code).toBe(0);
  expect(diff("support@1.0.0", "support@1.0.1", "--exit-code").code).toBe(1);
  const same = diff("support@1.0.0", "a", "--exit-code");
  expect([same.code, same.out.split("\n")[2]]).toEqual([0, "no differences"]);
});

test("a directory whose memory schema is no .proto is refused at its line, as by a build", async () => {
  await cp(join(scratch, "a"), join(scratch, "d"), { recursive: true });
  await write("d", { "memory.proto": 'syntax = "proto3";\nmessage Memory { string user 1; }\n' });
  expect(diff("support@1.0.0", "d")).toMatchObject({
    code: 1,
    out: "",
    err: expect.stringContaining("memory.proto:2:1  found illegal token '1', '=' expected at line 2 in a .proto file"),
  });
});

describe("refused:", () => {
  test.each([
    [["support@1.0.0", "support@9.9.9"], 1, "found no release support@9.9.9"],
    [["support@1.0.0", "nowhere"], 1, 'found "nowhere", expected agent@version'],
    [["support@1.0.0", "support@x"], 1, 'found "support@x", expected "agent@1.2.3"'],
    [["support@1.0.0", "app"], 1, 'found "app", expected agent@version'],
    [["support@1.0.0", "keys"], 1, "expected an agent.yaml"],
    [["support@1.0.0"], 2, "missing required argument 'to'"],
  ])("%j", async (...[args, code, message]) => {
    await mkdir(join(scratch, "keys"), { recursive: true });
    expect(diff(...args)).toMatchObject({ code, out: "", err: expect.stringContaining(message) });
  });
});
