import type { Command } from "commander";
import { signRelease, signReleaseKeyless, type SignedRelease } from "@perch/adapters/sigstore";
import { CliError } from "../cli-error.ts";
import type { PasswordSource } from "../key/key-password.ts";
import { onRelease, referenceOf, registryOf, run, type Outcome, type ReleaseFlags } from "./release-store.ts";
import { chooseSigner, withSigner, type SignerFlags } from "./signer-flags.ts";

type SignFlags = ReleaseFlags & SignerFlags & { legacyTag?: boolean };

export function registerSignCommand(release: Command, passwords: PasswordSource): void {
  withSigner(onRelease(release.command("sign")))
    .description("attach a signature over the release's digest")
    .option("--legacy-tag", "sign in cosign's older form too, under the tag sha256-….sig")
    .action((reference: string, flags: SignFlags) => run(flags, sign(reference, flags, passwords)));
}

async function sign(text: string, flags: SignFlags, passwords: PasswordSource): Promise<Outcome> {
  const signed = await signBy(text, flags, passwords);
  const how = signed.isNew ? "signed" : "was already signed";
  const who = flags.keyless === true ? signed.signedBy : `key ${signed.signedBy}`;
  return { json: signed, text: `${text} ${how} by ${who}\n${signed.digest}` };
}

async function signBy(text: string, flags: SignFlags, passwords: PasswordSource): Promise<SignedRelease> {
  const reference = await referenceOf(text, flags);
  const legacyTag = flags.legacyTag === true;
  if (legacyTag && flags.keyless === true) {
    throw new CliError({
      code: "usage",
      message: "found --legacy-tag with --keyless, expected --legacy-tag with --key",
      hint: "cosign finds a signature by an identity in its bundle, which is always attached",
    });
  }
  const chosen = await chooseSigner(flags, passwords);
  const now = new Date();
  if (chosen.kind === "keyless")
    return signReleaseKeyless(registryOf(flags), reference, { signer: chosen.signer, now });
  return signRelease(registryOf(flags), reference, { key: chosen.key, now, legacyTag });
}
