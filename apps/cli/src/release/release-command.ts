import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { copyRelease, openRelease } from "@perch/adapters/release-artifact";
import { openRegistry } from "@perch/adapters/release-registry";
import { countAttached, inspectAttached } from "@perch/adapters/sigstore";
import {
  agentSpecJsonSchema,
  parseReleaseReference,
  trustPolicyJsonSchema,
  type ReleaseRepository,
} from "@perch/domain";
import type { PasswordSource } from "../key/key-password.ts";
import { jsonOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";
import { registerAttachCommands } from "./attach-command.ts";
import { buildFromDirectory } from "./build-from-directory.ts";
import { describeBuilt, describeInspected, describeList, type ListedRelease } from "./describe-release.ts";
import { onStore, registryOf, run, type Outcome, type StoreFlags } from "./release-store.ts";
import { registerSignCommand } from "./sign-command.ts";
import { readTrustOrNobody } from "./trust-flags.ts";
import { registerVerifyCommand } from "./verify-command.ts";

export function registerReleaseCommand(program: Command, passwords: PasswordSource): void {
  const release = program.command("release").description("build, sign, verify and copy releases");
  onStore(release.command("build").argument("<dir>", "the directory that holds agent.yaml"))
    .description("build the release that agent.yaml describes")
    .action((directory: string, flags: StoreFlags) => run(flags, build(directory, flags)));
  registerSignCommand(release, passwords);
  registerVerifyCommand(release);
  registerAttachCommands(release, passwords);
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
  release
    .command("schema")
    .description("print the JSON Schema of agent.yaml, or of another file")
    .addOption(new Option("--kind <kind>", "which file").choices(Object.keys(SCHEMAS)).default("agent"))
    .addOption(jsonOption())
    .action((flags: { kind: keyof typeof SCHEMAS; json?: boolean }) => {
      const schema = SCHEMAS[flags.kind]();
      if (flags.json === true) printJson(schema);
      else printLine(JSON.stringify(schema, null, 2));
    });
}

const SCHEMAS = { agent: agentSpecJsonSchema, "trust-policy": trustPolicyJsonSchema };

async function build(directory: string, flags: StoreFlags): Promise<Outcome> {
  const { digest, manifest } = await buildFromDirectory(directory, registryOf(flags));
  const { agent, version, components } = manifest;
  return { json: { agent, version, digest, components }, text: describeBuilt(manifest, digest) };
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
      ...(await countAttached(repository, descriptor.digest)),
    })),
  );
}

async function inspect(text: string, flags: StoreFlags): Promise<Outcome> {
  const registry = registryOf(flags);
  const { digest, manifest } = await openRelease(registry, parseReleaseReference(text));
  const repository = registry.repository(manifest.agent);
  const { trust, note } = await readTrustOrNobody(flags);
  const { signatures, attestations, others } = await inspectAttached(repository, digest, { trust, now: new Date() });
  return {
    json: { ...manifest, digest, signatures, attestations: attestations.length },
    text: describeInspected({ manifest, digest, attached: { signatures, attestations, others }, note }),
  };
}
