import { join, resolve } from "node:path";
import { Option, type Command } from "commander";
import { copyRelease, openRelease } from "@perch/adapters/release-artifact";
import { openRegistry } from "@perch/adapters/release-registry";
import {
  checkSignatures,
  parseSigningKey,
  parseTrustedKey,
  readTrustDirectory,
  signRelease,
  verifyRelease,
  type TrustedKey,
} from "@perch/adapters/sigstore";
import {
  agentSpecJsonSchema,
  parseReleaseReference,
  type ReleaseRegistry,
  type ReleaseRepository,
} from "@perch/domain";
import { readKeyFile } from "../key/read-key-file.ts";
import { dataOption, jsonOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";
import { buildFromDirectory } from "./build-from-directory.ts";
import { registerDiffCommand } from "./diff-command.ts";
import { describeBuilt, describeInspected, describeList, type ListedRelease } from "./describe-release.ts";

type StoreFlags = { data: string; registry?: string; json?: boolean };
type Outcome = { readonly json: unknown; readonly text: string };

export function registerReleaseCommand(program: Command): void {
  const release = program.command("release").description("build, sign, verify and copy releases");
  onStore(release.command("build").argument("<dir>", "the directory that holds agent.yaml"))
    .description("build the release that agent.yaml describes")
    .action((directory: string, flags: StoreFlags) => run(flags, build(directory, flags)));
  onStore(release.command("sign").argument("<release>", "agent@version or agent@sha256:…"))
    .description("attach a signature over the release's digest")
    .requiredOption("--key <file>", "private key (ECDSA P-256, PEM)")
    .action((reference: string, flags: StoreFlags & { key: string }) => run(flags, sign(reference, flags)));
  onStore(release.command("verify").argument("<release>", "agent@version or agent@sha256:…"))
    .description("check every byte, and that a trusted key signed; exit code 1 if not")
    .addOption(new Option("--key <pub>", "trust this public key only").conflicts("trust"))
    .option("--trust <dir>", "trust every *.pub in this directory; default: DATA/trust")
    .action((reference: string, flags: VerifyFlags) => run(flags, verify(reference, flags)));
  onStore(release.command("push").argument("<release>", "agent@version or agent@sha256:…"))
    .description("copy a release and its signatures to another OCI layout directory")
    .requiredOption("--to <dir>", "the other directory")
    .action((reference: string, flags: StoreFlags & { to: string }) => run(flags, push(reference, flags)));
  onStore(release.command("list"))
    .description("list every release of the registry")
    .action((flags: StoreFlags) => run(flags, list(flags)));
  onStore(release.command("inspect").argument("<release>", "agent@version or agent@sha256:…"))
    .description("show a release's components with their digests, and its signatures")
    .action((reference: string, flags: StoreFlags) => run(flags, inspect(reference, flags)));
  registerDiffCommand(release);
  release
    .command("schema")
    .description("print the JSON Schema of agent.yaml")
    .addOption(jsonOption())
    .action((flags: { json?: boolean }) => {
      const schema = agentSpecJsonSchema();
      if (flags.json === true) printJson(schema);
      else printLine(JSON.stringify(schema, null, 2));
    });
}

function onStore(command: Command): Command {
  return command
    .addOption(dataOption())
    .option("--registry <dir>", "OCI image layout directory; default: DATA/registry")
    .addOption(jsonOption());
}

async function run(flags: { readonly json?: boolean }, outcome: Promise<Outcome>): Promise<void> {
  const { json, text } = await outcome;
  if (flags.json === true) printJson(json);
  else printLine(text);
}

function registryOf(flags: StoreFlags): ReleaseRegistry {
  return openRegistry(flags.registry ?? join(flags.data, "registry"));
}

async function build(directory: string, flags: StoreFlags): Promise<Outcome> {
  const { digest, manifest } = await buildFromDirectory(directory, registryOf(flags));
  const { agent, version, components } = manifest;
  return { json: { agent, version, digest, components }, text: describeBuilt(manifest, digest) };
}

async function sign(text: string, flags: StoreFlags & { key: string }): Promise<Outcome> {
  const reference = parseReleaseReference(text);
  const key = parseSigningKey(await readKeyFile(flags.key, "key"), flags.key);
  const signed = await signRelease(registryOf(flags), reference, { key, now: new Date() });
  const how = signed.isNew ? "signed" : "was already signed";
  return { json: signed, text: `${text} ${how} by key ${signed.signedBy}\n${signed.digest}` };
}

type VerifyFlags = StoreFlags & { key?: string; trust?: string };

async function verify(text: string, flags: VerifyFlags): Promise<Outcome> {
  const reference = parseReleaseReference(text);
  const { digest, manifest, signedBy, components } = await verifyRelease(
    registryOf(flags),
    reference,
    await trustedKeys(flags),
  );
  const { agent, version } = manifest;
  return {
    json: { verified: true, agent, version, digest, signedBy },
    text: `${agent}@${version} is verified: ${components.length} components, signed by ${signedBy.join(", ")}\n${digest}`,
  };
}

async function trustedKeys(flags: VerifyFlags): Promise<readonly TrustedKey[]> {
  if (flags.key !== undefined) return [parseTrustedKey(await readKeyFile(flags.key, "key"), flags.key)];
  return readTrustDirectory(resolve(flags.trust ?? join(flags.data, "trust")));
}

async function push(text: string, flags: StoreFlags & { to: string }): Promise<Outcome> {
  const to = openRegistry(flags.to);
  const copied = await copyRelease(registryOf(flags), to, parseReleaseReference(text));
  const { blobsCopied, blobsPresent, referrers } = copied;
  return {
    json: { ...copied, to: resolve(flags.to) },
    text: `${text} is in ${flags.to}: ${blobsCopied} blobs copied, ${blobsPresent} were there, ${referrers} signatures\n${copied.digest}`,
  };
}

async function list(flags: StoreFlags): Promise<Outcome> {
  const registry = registryOf(flags);
  const repositories = (await registry.agents()).map((agent) => registry.repository(agent));
  const releases = (await Promise.all(repositories.map(listRepository))).flat();
  return { json: { releases }, text: describeList(releases) };
}

async function listRepository(repository: ReleaseRepository): Promise<readonly ListedRelease[]> {
  return Promise.all(
    (await repository.releases()).map(async ({ agent, version, descriptor }) => ({
      agent,
      version,
      digest: descriptor.digest,
      signatures: (await repository.referrers(descriptor.digest)).length,
    })),
  );
}

async function inspect(text: string, flags: StoreFlags): Promise<Outcome> {
  const registry = registryOf(flags);
  const { digest, manifest } = await openRelease(registry, parseReleaseReference(text));
  const repository = registry.repository(manifest.agent);
  const keys = await trustedKeys(flags).catch(() => []);
  const { signedBy, rejections } = await checkSignatures(repository, digest, keys);
  const signatures = { trusted: signedBy, notTrusted: rejections };
  return {
    json: { ...manifest, digest, signatures },
    text: describeInspected({ manifest, digest, signatures }),
  };
}
