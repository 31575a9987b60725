import type { Command } from "commander";
import { openRelease } from "@perch/adapters/release-artifact";
import { attestRelease, createKeySigner, inspectAttached } from "@perch/adapters/sigstore";
import { CliError } from "../cli-error.ts";
import type { PasswordSource } from "../key/key-password.ts";
import { readInputFile } from "../read-input-file.ts";
import { describeAttached } from "./describe-attached.ts";
import { onRelease, referenceOf, registryOf, run, type Outcome, type ReleaseFlags } from "./release-store.ts";
import { chooseSigner, withSigner, type SignerFlags } from "./signer-flags.ts";
import { readTrustOrNobody, withTrust, type TrustFlags } from "./trust-flags.ts";

type AttachFlags = ReleaseFlags & SignerFlags & { type: string; predicate: string };

const MOST_CHARACTERS = 4 * 1024 * 1024;

export function registerAttachCommands(release: Command, passwords: PasswordSource): void {
  withSigner(onRelease(release.command("attach")))
    .description("attach a signed attestation: where a release comes from, how it was evaluated, or anything else")
    .requiredOption("--type <type>", "provenance, evaluation, or the URI of a predicate type")
    .requiredOption("--predicate <file>", "JSON file with what is attested")
    .action((reference: string, flags: AttachFlags) => run(flags, attach(reference, flags, passwords)));
  withTrust(onRelease(release.command("attestations")))
    .description("list a release's signatures and attestations, with who signed them and whether that one is trusted")
    .action((reference: string, flags: TrustFlags) => run(flags, list(reference, flags)));
}

async function attach(text: string, flags: AttachFlags, passwords: PasswordSource): Promise<Outcome> {
  const reference = await referenceOf(text, flags);
  const predicate = await readPredicate(flags.predicate);
  const chosen = await chooseSigner(flags, passwords);
  const signer = chosen.kind === "key" ? createKeySigner(chosen.key) : chosen.signer;
  const about = { type: flags.type, predicate, signer, now: new Date() };
  const attached = await attestRelease(registryOf(flags), reference, about);
  return {
    json: attached,
    text: `attached to ${text}: ${attached.predicateType}\n${attached.attestation}`,
  };
}

async function readPredicate(file: string): Promise<unknown> {
  const wish = { expected: "a JSON file", hint: "it holds the predicate alone; perch makes the statement around it" };
  const text = await readInputFile(file, wish);
  try {
    if (text.length <= MOST_CHARACTERS) return JSON.parse(text);
  } catch (cause) {
    throw new CliError({
      code: "input_invalid",
      message: `found ${file}, which is no JSON, expected ${wish.expected}`,
      hint: wish.hint,
      cause,
    });
  }
  const found = `${file} with ${text.length} characters`;
  throw new CliError({
    code: "input_invalid",
    message: `found ${found}, expected at most ${MOST_CHARACTERS}`,
    hint: "attest a digest of it instead",
  });
}

async function list(text: string, flags: TrustFlags): Promise<Outcome> {
  const registry = registryOf(flags);
  const { digest, manifest } = await openRelease(registry, await referenceOf(text, flags));
  const { trust, note } = await readTrustOrNobody(flags);
  const repository = registry.repository(manifest.agent);
  const attached = await inspectAttached(repository, digest, { trust, now: new Date() });
  return { json: { digest, ...attached, note }, text: describeAttached(attached, note) };
}
