import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { CliError } from "../cli-error.ts";
import { readInputFile } from "../read-input-file.ts";

/** Where the password of an encrypted key comes from when no file is named; `main.ts` fills it in. */
export type PasswordSource = {
  /** Null where the environment gives none. An empty one is a password too. */
  readonly fromEnvironment: string | null;
  /** Asks the person at the terminal, without echo; null where there is no terminal. */
  readonly ask: ((question: string) => Promise<string>) | null;
};

type PasswordFlags = { readonly passwordFile?: string };

export function passwordSource(env: NodeJS.ProcessEnv, terminal: { readonly isTTY?: boolean }): PasswordSource {
  return {
    fromEnvironment: env["PERCH_KEY_PASSWORD"] ?? env["COSIGN_PASSWORD"] ?? null,
    ask: terminal.isTTY === true ? askWithoutEcho : null,
  };
}

/** The password that opens a key. Throws `CliError` `input_invalid` where nobody can be asked for one. */
export async function passwordToOpen(file: string, flags: PasswordFlags, source: PasswordSource): Promise<string> {
  return (await givenPassword(flags, source)) ?? askFor(source, `password of ${file}: `);
}

/** A password for a new key: asked for twice, so that a slip does not lock the key away; never empty. */
export async function passwordForNewKey(flags: PasswordFlags, source: PasswordSource): Promise<string> {
  const given = await givenPassword(flags, source);
  const password = given ?? (await askFor(source, "password for the new key: "));
  if (password === "") {
    throw wrongPassword(
      "an empty password",
      "one that keeps the key",
      "leave --encrypt out for a key without a password",
    );
  }
  if (given === null && (await askFor(source, "the same again: ")) !== password) {
    throw wrongPassword("two different passwords", "the same twice", "run the command again");
  }
  return password;
}

async function givenPassword({ passwordFile }: PasswordFlags, source: PasswordSource): Promise<string | null> {
  if (passwordFile === undefined) return source.fromEnvironment;
  const wish = { expected: "a file with the key's password", hint: "one line; the line's end is not part of it" };
  return (await readInputFile(passwordFile, wish)).replace(/\r?\n$/, "");
}

async function askFor({ ask }: PasswordSource, question: string): Promise<string> {
  if (ask !== null) return ask(question);
  const hint = "set PERCH_KEY_PASSWORD or COSIGN_PASSWORD, give --password-file, or run it at a terminal";
  throw wrongPassword("no password for an encrypted key", "one", hint);
}

function askWithoutEcho(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(question);
  return new Promise((resolve, reject) => {
    lines.once("line", (line) => {
      resolve(line);
      lines.close();
    });
    // Ctrl-C and Ctrl-D; after a line this rejects nothing any more.
    lines.once("close", () => {
      process.stderr.write("\n");
      reject(wrongPassword("no password", "one", "run the command again, and finish the password with the Enter key"));
    });
  });
}

function wrongPassword(found: string, expected: string, hint: string): CliError {
  return new CliError({ code: "input_invalid", message: `found ${found}, expected ${expected}`, hint });
}
