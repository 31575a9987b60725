import { spawn, spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const PERCH = fileURLToPath(new URL("../bin/perch.js", import.meta.url));
const DIGEST = /sha256:[0-9a-f]{64}/;

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "perch-cli-"));
  await mkdir(join(scratch, "agent", "app"), { recursive: true });
  await writeFile(join(scratch, "agent", "agent.yaml"), AGENT);
  await writeFile(join(scratch, "agent", "system.md"), "Help.");
  await writeFile(join(scratch, "agent", "app", "main.mjs"), PROGRAM);
});
afterAll(async () => rm(scratch, { recursive: true, force: true }));

const AGENT = `apiVersion: perch.dev/v1
kind: Agent
metadata: { name: support, version: 1.0.0 }
spec:
  model: { provider: openai, name: small-1 }
  prompts: [{ name: system, role: system, file: system.md }]
  tools: []
  orchestration: { directory: app, entrypoint: main.mjs, framework: { name: none, version: "1" } }
  policy: { escalationTools: [], successTools: [] }
`;
const PROGRAM = `
import { createServer } from "node:http";
createServer((_, response) => response.end()).listen(Number(process.env.PORT), process.env.HOST);
`;

/** A Node on this machine that is not the pinned one: where the launcher has work to do. */
function otherNode(): string | null {
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
    const node = join(directory, "node");
    const version = directory.includes("node_modules") ? null : spawnSync(node, ["-p", "process.versions.node"]);
    const major = Number(version?.stdout?.toString().split(".")[0]);
    if (major >= 18 && major !== 24) return node;
  }
  return null;
}

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

function perch(args: readonly string[], node = process.execPath): Ran {
  const ran = spawnSync(node, [PERCH, ...args], { cwd: scratch, env: { ...process.env, NO_COLOR: "1" } });
  return { code: ran.status, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

function json(ran: Ran): Record<string, unknown> {
  return JSON.parse(ran.out) as Record<string, unknown>;
}

describe("from agent.yaml to a verified copy", () => {
  test("a release is built, refused unsigned, signed, verified, listed, inspected and pushed", async () => {
    const built = perch(["release", "build", "agent", "--json"]);
    expect(built).toMatchObject({ code: 0, err: "" });
    const { digest } = json(built);
    expect(digest).toMatch(DIGEST);

    expect(perch(["key", "generate", "--out", "keys/"]).code).toBe(0);
    expect((await stat(join(scratch, "keys", "perch.key"))).mode & 0o777).toBe(0o600);
    expect(perch(["key", "trust", "keys/perch.pub"]).code).toBe(0);
    const unsigned = perch(["release", "verify", "support@1.0.0"]);
    expect(unsigned).toMatchObject({ code: 1, out: "" });
    expect(unsigned.err).toMatch(/^error: found no signature .*\nhint: sign it with `perch release sign/);

    expect(perch(["release", "sign", "support@1.0.0", "--key", "keys/perch.key"]).code).toBe(0);
    expect(json(perch(["release", "verify", "support@1.0.0", "--json"]))).toMatchObject({ verified: true, digest });
    expect(json(perch(["release", "list", "--json"]))).toEqual({
      releases: [{ agent: "support", version: "1.0.0", digest, signatures: 1, attestations: 0 }],
    });
    expect(perch(["release", "inspect", "support@1.0.0"]).out).toContain("signed by trusted key");
    expect(json(perch(["release", "push", "support@1.0.0", "--to", "copy", "--json"]))).toMatchObject({ referrers: 1 });
    const copied = ["release", "verify", `support@${String(digest)}`, "--registry", "copy", "--key", "keys/perch.pub"];
    expect(perch(copied).code).toBe(0);
  });

  test("a key is never overwritten", async () => {
    perch(["key", "generate", "--out", "own"]);
    const before = await readFile(join(scratch, "own.key"), "utf8");
    const again = perch(["key", "generate", "--out", "own"]);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining("a key is never overwritten") });
    expect(await readFile(join(scratch, "own.key"), "utf8")).toBe(before);
  });

  test("the schema of agent.yaml is printed", () => {
    expect(json(perch(["release", "schema"]))).toMatchObject({ title: "Perch agent", additionalProperties: false });
  });
});

describe("failures", () => {
  test("in files that agent.yaml names are printed with file, line and column, as text and as JSON", async () => {
    const directory = join(scratch, "bad-files");
    await cp(join(scratch, "agent"), directory, { recursive: true });
    const tools = "tools: [{ name: refund, description: d, effect: write, parameters: { file: refund.json } }]";
    await writeFile(join(directory, "agent.yaml"), AGENT.replace("tools: []", tools));
    await writeFile(join(directory, "refund.json"), '{\n  "type": "object",\n  "type": "object"\n}');
    await writeFile(join(directory, "app", ".env"), "KEY=1");
    const { code, out, err } = perch(["release", "build", "bad-files"]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err.trimEnd().split("\n")).toEqual([
      "error: found 2 problems in agent.yaml and the files of bad-files",
      "  app/.env  found a file that usually holds secrets, expected no secrets: pass them in the environment",
      '  refund.json:3:3  found the key "type" twice, expected each key once',
      expect.stringMatching(/^hint: /),
    ]);
    const { error } = JSON.parse(perch(["release", "build", "bad-files", "--json"]).err) as { error: unknown };
    expect(error).toMatchObject({
      code: "spec_invalid",
      problems: [{ file: "app/.env" }, { file: "refund.json", line: 3, column: 3 }],
    });
  });

  test("in agent.yaml are printed with line and column, as text and as JSON", async () => {
    await cp(join(scratch, "agent"), join(scratch, "broken"), { recursive: true });
    await writeFile(join(scratch, "broken", "agent.yaml"), AGENT.replace("small-1", "small-1, nam: x"));
    const text = perch(["release", "build", "broken"]);
    expect(text).toMatchObject({ code: 1, out: "" });
    expect(text.err).toBe(
      'error: found a problem in broken/agent.yaml\n  5:45  found field "nam", which spec.model does not have\n' +
        "hint: correct the lines above; `perch release schema` prints what agent.yaml may hold\n",
    );
    expect(JSON.parse(perch(["release", "build", "broken", "--json"]).err)).toMatchObject({
      error: { code: "spec_invalid", problems: [{ line: 5, column: 45 }] },
    });
  });

  test.each([
    ["a registry that is none", ["release", "list", "--registry", "agent"], 1, "found no OCI image layout"],
    ["an unknown release", ["release", "verify", "support@9.9.9"], 1, "found no release support@9.9.9"],
    ["a reference that is none", ["release", "inspect", "support"], 1, 'found "support", expected "agent@1.2.3"'],
    [
      "a key that is none",
      ["release", "sign", "support@1.0.0", "--key", "agent/agent.yaml"],
      1,
      "holds no private key",
    ],
    [
      "a server that is not there",
      ["rollout", "status", "--server", "http://127.0.0.1:1"],
      1,
      "no answer from the server",
    ],
    ["a command that is none", ["launch"], 2, "unknown command"],
    ["a missing option", ["rollout", "start"], 2, "required option"],
    ["no command", [], 2, "Usage: perch"],
  ])("%s: exit code and message, no stack trace", (...[, args, code, message]) => {
    const ran = perch(args);
    expect(ran).toMatchObject({ code, out: "", err: expect.stringContaining(message) });
    expect(ran.err).not.toMatch(/^\s+at /m);
  });
});

describe("the launcher", () => {
  const node = otherNode();

  test.skipIf(node === null)("under another Node it goes on under the pinned one, and passes on the exit code", () => {
    expect(perch(["--version"], node ?? "")).toMatchObject({ code: 0, out: "0.1.0\n", err: "" });
    expect(perch(["launch"], node ?? "").code).toBe(2);
  });

  test("without a Node that will do it says which one it needs", async () => {
    // Alone in a directory, the launcher finds no pinned Node; it is told that the running one is old.
    const directory = join(scratch, "alone", "bin");
    await mkdir(directory, { recursive: true });
    const source = await readFile(PERCH, "utf8");
    await writeFile(join(directory, "perch.mjs"), source.replace("process.versions.node.split", '"20.9.0".split'));
    const ran = spawnSync(process.execPath, [join(directory, "perch.mjs")], { cwd: directory });
    expect(ran.status).toBe(1);
    expect(ran.stderr.toString()).toMatch(/^error: found Node .*, expected Node 24 \(or at least 22\.18\)\nhint: /);
  });

  test("it works through a link, as npm installs it", async () => {
    await symlink(PERCH, join(scratch, "perch"));
    const ran = spawnSync(process.execPath, [join(scratch, "perch"), "--version"]);
    expect(ran.stdout.toString()).toBe("0.1.0\n");
  });
});

describe("perch deploy", () => {
  let server: Server;
  let serverUrl = "";
  beforeAll(async () => {
    server = createServer((_, response) => {
      const view = { agent: "support", release: { digest: "d", version: "1.0.0" }, url: "u", registeredAt: 1 };
      response.setHeader("content-type", "application/json").end(JSON.stringify(view));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    serverUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    perch(["release", "build", "agent", "--data", "d"]);
    perch(["key", "generate", "--out", "d/"]);
    perch(["key", "trust", "d/perch.pub", "--data", "d"]);
    perch(["release", "sign", "support@1.0.0", "--key", "d/perch.key", "--data", "d"]);
  });
  afterAll(() => server.close());

  test.each([
    ["SIGTERM", null],
    ["SIGINT", null],
    // The launcher cannot say goodbye, and the rest stops all the same.
    ["SIGKILL", otherNode()],
  ] as const)("announces itself on one line and takes its agent along at %s", async (signal, node) => {
    if (signal === "SIGKILL" && node === null) return;
    const args = ["deploy", "support@1.0.0", "--data", "d", "--server", serverUrl, "--json"];
    const child = spawn(node ?? process.execPath, [PERCH, ...args], {
      cwd: scratch,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const line = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
    const ready = JSON.parse(line) as { url: string };
    expect(ready).toMatchObject({
      ready: true,
      agent: "support",
      version: "1.0.0",
      digest: expect.stringMatching(DIGEST),
    });
    expect((await fetch(ready.url)).status).toBe(200);
    const exit = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    expect(await exit).toBe(signal === "SIGKILL" ? null : 0);
    await expect
      .poll(
        () =>
          fetch(ready.url).then(
            () => "up",
            () => "down",
          ),
        { timeout: 60_000 },
      )
      .toBe("down");
  });
});
