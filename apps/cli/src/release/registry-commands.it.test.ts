import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findDockerRegistry, startDockerRegistry, type DockerRegistry } from "@perch/testkit/servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const PERCH = fileURLToPath(new URL("../../bin/perch.js", import.meta.url));
const isMissing = findDockerRegistry() === null;
// The password is hunter2.
const HTPASSWD = "ci:$2b$04$WXBgtstu1z/c79f57ENXROUJ4dedc3V2NxYGibnsEhtiZr5gBe5gG\n";
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

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

let scratch = "";
let digest = "";
let open: DockerRegistry;
let closed: DockerRegistry;

beforeAll(async () => {
  if (isMissing) return;
  scratch = await mkdtemp(join(tmpdir(), "perch-cli-registry-"));
  await mkdir(join(scratch, "agent", "app"), { recursive: true });
  await writeFile(join(scratch, "agent", "agent.yaml"), AGENT);
  await writeFile(join(scratch, "agent", "system.md"), "Help.");
  await writeFile(join(scratch, "agent", "app", "main.mjs"), "console.log(1);");
  await writeFile(join(scratch, "htpasswd"), HTPASSWD);
  open = await startDockerRegistry();
  closed = await startDockerRegistry({ auth: { htpasswd: { realm: "perch", path: join(scratch, "htpasswd") } } });
  digest = String((await json(["release", "build", "agent"]))["digest"]);
  await perch(["key", "generate", "--out", "keys/"]);
  await perch(["key", "trust", "keys/perch.pub"]);
  await perch(["release", "sign", "support@1.0.0", "--key", "keys/perch.key"]);
});
afterAll(async () => {
  await open?.stop();
  await closed?.stop();
  if (scratch !== "") await rm(scratch, { recursive: true, force: true });
});

function perch(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PERCH, ...args], {
      cwd: scratch,
      env: { ...process.env, NO_COLOR: "1", HOME: scratch, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [out, err] = ["", ""];
    child.stdout.on("data", (data: Buffer) => (out += data.toString()));
    child.stderr.on("data", (data: Buffer) => (err += data.toString()));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
}

async function json(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> {
  const ran = await perch([...args, "--json"], env);
  if (ran.code !== 0) throw new Error(`perch ${args.join(" ")} ended with ${ran.code}: ${ran.err}`);
  return JSON.parse(ran.out) as Record<string, unknown>;
}

describe.skipIf(isMissing)(
  `perch with a registry${isMissing ? " (skipped: no docker-registry on the PATH)" : ""}`,
  () => {
    test("a release is pushed, listed, inspected and verified there, pulled elsewhere and verified again", async () => {
      const acme = `oci://${open.host}/acme`;
      const pushed = await json(["release", "push", "support@1.0.0", "--to", acme]);
      expect(pushed).toMatchObject({ digest, to: acme, blobsTaken: 0, blobsPresent: 0, referrers: 1 });
      expect(await json(["release", "push", "support@1.0.0", "--to", acme])).toMatchObject({ blobsCopied: 0 });

      expect(await json(["release", "list", "--registry", acme])).toEqual({
        releases: [{ agent: "support", version: "1.0.0", digest, signatures: 1, attestations: 0 }],
      });
      expect((await perch(["release", "inspect", "support@1.0.0", "--registry", acme])).out).toContain(
        "signed by trusted key",
      );
      expect(await json(["release", "verify", `support@${digest}`, "--registry", acme])).toMatchObject({
        verified: true,
        digest,
      });

      const pulled = await perch(["release", "pull", "support@1.0.0", "--from", acme, "--data", "elsewhere"]);
      expect(pulled).toMatchObject({ code: 0, err: "" });
      expect(pulled.out).toContain(`${digest}\n\nnext: perch release verify support@1.0.0 --data elsewhere\n`);
      const verify = ["release", "verify", "support@1.0.0", "--data", "elsewhere", "--key", "keys/perch.pub"];
      expect(await json(verify)).toMatchObject({ verified: true, digest });
    });

    test("what another repository of the registry has is taken over there", async () => {
      const [staging, production] = [`oci://${open.host}/staging`, `oci://${open.host}/production`];
      await perch(["release", "push", "support@1.0.0", "--to", staging]);
      const promoted = ["release", "push", "support@1.0.0", "--registry", staging, "--to", production];
      expect(await json(promoted)).toMatchObject({ digest, blobsCopied: 0, referrers: 1 });
      expect(await json(["release", "verify", "support@1.0.0", "--registry", production])).toMatchObject({
        verified: true,
      });
    });

    test("credentials come from the environment or from docker's configuration; without them it is refused", async () => {
      const to = `oci://${closed.host}/acme`;
      const push = ["release", "push", "support@1.0.0", "--to", to];
      const refused = await perch(push);
      expect(refused).toMatchObject({ code: 1, out: "" });
      expect(refused.err).toMatch(/^error: .*found no user and password.*\nhint: .*PERCH_REGISTRY_USERNAME/);
      const given = { PERCH_REGISTRY_USERNAME: "ci", PERCH_REGISTRY_PASSWORD: "hunter2" };
      expect(await json(push, given)).toMatchObject({ digest });
      const auth = Buffer.from("ci:hunter2").toString("base64");
      await writeFile(join(scratch, "auth.json"), JSON.stringify({ auths: { [closed.host]: { auth } } }));
      expect(await json(push, { REGISTRY_AUTH_FILE: "auth.json" })).toMatchObject({ blobsCopied: 0 });
      const wrong = await perch(push, { ...given, PERCH_REGISTRY_PASSWORD: "wrong-horse" });
      expect(wrong).toMatchObject({ code: 1, err: expect.not.stringContaining("wrong-horse") });
    });

    test("a location that cannot be understood is refused without repeating a password in it", async () => {
      const ran = await perch(["release", "push", "support@1.0.0", "--to", "oci://ci:hunter2@host/acme"]);
      expect(ran).toMatchObject({ code: 1, err: expect.stringContaining("expected oci://HOST[:PORT]/PREFIX") });
      expect(ran.err).not.toContain("hunter2");
    });

    test("a release that is not there is told apart from a registry that is not there", async () => {
      const unknown = await perch([
        "release",
        "pull",
        "support@9.9.9",
        "--from",
        `oci://${open.host}/nobody`,
        "--json",
      ]);
      expect(JSON.parse(unknown.err)).toMatchObject({ error: { code: "release_unknown" } });
      // Nothing listens on the port that is reserved for doing nothing.
      const gone = await perch(["release", "pull", "support@1.0.0", "--from", "oci://127.0.0.1:9/acme", "--json"]);
      expect(JSON.parse(gone.err)).toMatchObject({ error: { code: "registry_unreachable" } });
    });
  },
);
