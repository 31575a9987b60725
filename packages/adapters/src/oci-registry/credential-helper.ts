import { spawn } from "node:child_process";
import { z } from "zod";
import type { RegistryCredentials } from "./credentials.ts";
import { refused } from "./failure.ts";

const answerSchema = z.object({ Username: z.string(), Secret: z.string() });
const TIMEOUT_MS = 30_000;
const MAX_OUTPUT_BYTES = 65_536;

export type HelperQuestion = {
  /** The X of the program `docker-credential-X`. */
  readonly helper: string;
  readonly server: string;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/**
 * Asks a credential helper of Docker: the server's name on its stdin, JSON on its stdout. Null when it knows nothing of
 * that server. What it prints is never shown.
 */
export async function askCredentialHelper(question: HelperQuestion): Promise<RegistryCredentials | null> {
  const program = `docker-credential-${question.helper}`;
  // The name comes from a file and goes into a path.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(question.helper))
    throw unhelpful("a helper", "that has no proper name");
  const { code, stdout } = await run(program, question);
  if (code !== 0 && /credentials not found/i.test(stdout)) return null;
  if (code !== 0) throw unhelpful(program, `that ended with code ${code ?? "none"}`);
  const answer = answerSchema.safeParse(parseJson(stdout));
  if (!answer.success) throw unhelpful(program, "that printed no credentials");
  const { Username: username, Secret: secret } = answer.data;
  if (username === "" && secret === "") return null;
  return username === "<token>"
    ? { kind: "identityToken", token: secret }
    : { kind: "password", username, password: secret };
}

type Ran = { readonly code: number | null; readonly stdout: string };

function run(program: string, { server, env }: HelperQuestion): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], { env, stdio: ["pipe", "pipe", "ignore"], timeout: TIMEOUT_MS });
    let stdout = "";
    child.stdout.on("data", (data: Buffer) => {
      stdout += data.toString();
      if (stdout.length > MAX_OUTPUT_BYTES) child.kill();
    });
    child.once("error", (cause) => reject(unhelpful(program, "that cannot be run", cause)));
    child.once("close", (code) => resolve({ code, stdout }));
    // A helper that does not read its input has ended, and its code says more than the broken pipe.
    child.stdin.on("error", () => undefined);
    child.stdin.end(server);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function unhelpful(program: string, found: string, cause?: unknown): Error {
  return refused({
    message: `found ${program} ${found}, expected a credential helper that answers`,
    hint: "your docker configuration names it in credHelpers or credsStore: is it installed and unlocked?",
    cause,
  });
}
