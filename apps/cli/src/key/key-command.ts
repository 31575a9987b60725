import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { encryptSigningKey, generateKeyPair, parseSigningKey, parseTrustedKey } from "@perch/adapters/sigstore";
import { CliError } from "../cli-error.ts";
import { passwordForNewKey, type PasswordSource } from "./key-password.ts";
import { readKeyFile } from "./read-key-file.ts";
import { dataOption, jsonOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";

type GenerateFlags = { out: string; encrypt?: boolean; passwordFile?: string; json?: boolean };

export function registerKeyCommand(program: Command, passwords: PasswordSource): void {
  const key = program.command("key").description("make and trust signing keys");
  key
    .command("generate")
    .description("make an ECDSA P-256 key pair; cosign can use it too")
    .requiredOption(
      "--out <dir-or-prefix>",
      "an existing directory or one ending in / (perch.key and perch.pub in it), or a prefix of the two files",
    )
    .option("--encrypt", "encrypt the private key by a password, as cosign does")
    .option("--password-file <file>", "the password; else PERCH_KEY_PASSWORD, COSIGN_PASSWORD or the terminal")
    .addOption(jsonOption())
    .action((flags: GenerateFlags) => generate(flags, passwords));
  key
    .command("trust")
    .description("let this public key sign releases for a data directory")
    .argument("<pub>", "public key file")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action((file: string, flags: { data: string; json?: boolean }) => trust(file, flags));
}

async function generate(flags: GenerateFlags, passwords: PasswordSource): Promise<void> {
  const prefix = await prefixOf(flags.out);
  const files = { privateKey: `${prefix}.key`, publicKey: `${prefix}.pub` };
  await mkdir(dirname(prefix), { recursive: true });
  await refuseExisting(Object.values(files));
  const pair = generateKeyPair();
  const privatePem = await privatePemOf(pair.privatePem, flags, passwords);
  await writeFile(files.privateKey, privatePem, { mode: 0o600, flag: "wx" });
  await writeFile(files.publicKey, pair.publicPem, { mode: 0o644, flag: "wx" });
  const encrypted = flags.encrypt === true;
  if (flags.json === true) printJson({ ...files, fingerprint: pair.fingerprint, encrypted });
  else
    printLine(
      `private key  ${files.privateKey}  (${encrypted ? "encrypted; " : ""}keep it to yourself)\npublic key   ${files.publicKey}\nfingerprint  ${pair.fingerprint}`,
    );
}

async function privatePemOf(pem: string, flags: GenerateFlags, passwords: PasswordSource): Promise<string> {
  if (flags.encrypt === true) {
    const password = await passwordForNewKey(flags, passwords);
    return encryptSigningKey(parseSigningKey(pem, "the new key"), password);
  }
  if (flags.passwordFile === undefined) return pem;
  throw new CliError({
    code: "usage",
    message: "found --password-file without --encrypt, expected both or none",
    hint: "add --encrypt for a key that only the password opens",
  });
}

async function prefixOf(out: string): Promise<string> {
  const isDirectory = /[/\\]$/.test(out) || (await stat(out).catch(() => null))?.isDirectory() === true;
  return resolve(isDirectory ? join(out, "perch") : out);
}

async function refuseExisting(files: readonly string[]): Promise<void> {
  for (const file of files) {
    if ((await stat(file).catch(() => null)) === null) continue;
    throw new CliError({
      code: "input_invalid",
      message: `found ${file}, expected to make a new file: a key is never overwritten`,
      hint: "give another --out, or move the old key away first",
    });
  }
}

async function trust(file: string, flags: { data: string; json?: boolean }): Promise<void> {
  const { fingerprint } = parseTrustedKey(await readKeyFile(file, "public key"), file);
  const directory = resolve(flags.data, "trust");
  await refuseBesidePolicy(directory, fingerprint);
  const target = join(directory, `${basename(file).replace(/\.(?:pub|pem)$/, "")}.pub`);
  await mkdir(directory, { recursive: true });
  if (resolve(file) !== target) await copyTo(file, target);
  if (flags.json === true) printJson({ file: target, fingerprint });
  else printLine(`trusted: key ${fingerprint} in ${target}`);
}

// A trust policy governs alone: a key that lies beside it counts for nothing.
async function refuseBesidePolicy(directory: string, fingerprint: string): Promise<void> {
  const policy = join(directory, "policy.yaml");
  if ((await stat(policy).catch(() => null)) === null) return;
  throw new CliError({
    code: "input_invalid",
    message: `found ${policy}, which alone says whom to trust, expected none for trusting key ${fingerprint} like this`,
    hint: "name the key in a rule of the policy: - key: { name: NAME, file: FILE }",
  });
}

// A name that is taken by another key gets no silent replacement: trust is given and taken away by hand.
async function copyTo(file: string, target: string): Promise<void> {
  const known = await readFile(target, "utf8").catch(() => null);
  if (known !== null && known !== (await readKeyFile(file, "public key"))) await refuseExisting([target]);
  await copyFile(file, target);
}
