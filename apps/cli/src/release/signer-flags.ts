import { Option, type Command } from "commander";
import {
  createKeylessSigner,
  openSigningKey,
  PUBLIC_SERVICES,
  type KeylessServices,
  type SigningKey,
  type StatementSigner,
} from "@perch/adapters/sigstore";
import { CliError } from "../cli-error.ts";
import { passwordToOpen, type PasswordSource } from "../key/key-password.ts";
import { readKeyFile } from "../key/read-key-file.ts";
import { readInputFile } from "../read-input-file.ts";

export type SignerFlags = {
  readonly key?: string;
  readonly passwordFile?: string;
  readonly keyless?: boolean;
  readonly identityTokenFile?: string;
  readonly fulcio?: string;
  readonly rekor?: string;
  readonly tsa?: string;
};

/** Who signs: a key, or an identity for which Sigstore's services vouch. */
export type ChosenSigner =
  { readonly kind: "key"; readonly key: SigningKey } | { readonly kind: "keyless"; readonly signer: StatementSigner };

/** The options that say who signs. */
export function withSigner(command: Command): Command {
  return command
    .addOption(
      new Option("--key <file>", "private key (ECDSA P-256 in PEM, or cosign's encrypted key file)").conflicts(
        "keyless",
      ),
    )
    .option("--password-file <file>", "the key's password; else PERCH_KEY_PASSWORD, COSIGN_PASSWORD or the terminal")
    .option("--keyless", "sign by an identity, with a certificate from Fulcio")
    .option("--identity-token-file <file>", "OpenID Connect token of that identity, for --keyless")
    .option("--fulcio <url>", "certificate authority; without any of these three URLs: the public Fulcio and Rekor")
    .option("--rekor <url>", "transparency log")
    .option("--tsa <url>", "timestamp authority");
}

/** Throws `CliError` `usage` for flags that do not go together, and `ReleaseError` for keys and tokens that are none. */
export async function chooseSigner(flags: SignerFlags, passwords: PasswordSource): Promise<ChosenSigner> {
  if (flags.keyless === true) return { kind: "keyless", signer: await keylessSigner(flags) };
  if ([flags.identityTokenFile, flags.fulcio, flags.rekor, flags.tsa].some((flag) => flag !== undefined)) {
    throw usage("an option of --keyless without it", "--keyless", "add --keyless, or leave the option out");
  }
  const { key: file } = flags;
  if (file === undefined)
    throw usage("no signer", "--key FILE or --keyless", "`perch key generate --out DIR` makes a key");
  const pem = await readKeyFile(file, "key");
  return { kind: "key", key: await openSigningKey(pem, file, () => passwordToOpen(file, flags, passwords)) };
}

async function keylessSigner(flags: SignerFlags): Promise<StatementSigner> {
  const { identityTokenFile } = flags;
  const hint = "a CI system gives one; its audience is `sigstore`";
  if (identityTokenFile === undefined) throw usage("no identity token", "--identity-token-file FILE", hint);
  const token = await readInputFile(identityTokenFile, { expected: "an OpenID Connect token", hint });
  return createKeylessSigner(token.trim(), servicesOf(flags));
}

// A private authority never goes with the public log unasked: what one signs would be told to everybody.
function servicesOf({ fulcio, rekor, tsa }: SignerFlags): KeylessServices {
  for (const url of [fulcio, rekor, tsa]) {
    if (url !== undefined && !/^https?:\/\/[^/]/.test(url))
      throw usage(`the URL ${JSON.stringify(url)}`, "one with http or https", "write it out");
  }
  if (fulcio === undefined && rekor === undefined && tsa === undefined) return PUBLIC_SERVICES;
  const hint = "nothing is taken from the public services once one URL is given";
  if (fulcio === undefined) throw usage("--rekor or --tsa without --fulcio", "all services that are meant", hint);
  if (rekor === undefined && tsa === undefined)
    throw usage("--fulcio alone", "--rekor or --tsa too, which prove the time", hint);
  return { fulcioUrl: fulcio, rekorUrl: rekor ?? null, tsaUrl: tsa ?? null };
}

function usage(found: string, expected: string, hint: string): CliError {
  return new CliError({ code: "usage", message: `found ${found}, expected ${expected}`, hint });
}
