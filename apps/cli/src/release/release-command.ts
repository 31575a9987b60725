import { Option, type Command } from "commander";
import { openRelease } from "@perch/adapters/release-artifact";
import { inspectAttached } from "@perch/adapters/sigstore";
import { agentSpecJsonSchema, scorersJsonSchema, trustPolicyJsonSchema } from "@perch/domain";
import type { PasswordSource } from "../key/key-password.ts";
import { jsonOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";
import { registerAttachCommands } from "./attach-command.ts";
import { buildFromDirectory } from "./build-from-directory.ts";
import { registerCopyCommands } from "./copy-commands.ts";
import { describeBuilt, describeInspected } from "./describe-release.ts";
import { registerDiffCommand } from "./diff-command.ts";
import { registerListCommand } from "./list-command.ts";
import { registerPointCommand } from "./point-command.ts";
import {
  onRelease,
  onStore,
  referenceOf,
  registryOf,
  run,
  type Outcome,
  type ReleaseFlags,
  type StoreFlags,
} from "./release-store.ts";
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
  registerCopyCommands(release);
  registerListCommand(release);
  registerPointCommand(release);
  onRelease(release.command("inspect"))
    .description("show a release's components with their digests, and its signatures")
    .action((reference: string, flags: ReleaseFlags) => run(flags, inspect(reference, flags)));
  registerDiffCommand(release);
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

const SCHEMAS = { agent: agentSpecJsonSchema, "trust-policy": trustPolicyJsonSchema, scorers: scorersJsonSchema };

async function build(directory: string, flags: StoreFlags): Promise<Outcome> {
  const { digest, manifest } = await buildFromDirectory(directory, registryOf(flags));
  const { agent, version, components } = manifest;
  return { json: { agent, version, digest, components }, text: describeBuilt(manifest, digest) };
}

async function inspect(text: string, flags: ReleaseFlags): Promise<Outcome> {
  const registry = registryOf(flags);
  const { digest, manifest } = await openRelease(registry, await referenceOf(text, flags));
  const repository = registry.repository(manifest.agent);
  const { trust, note } = await readTrustOrNobody(flags);
  const { signatures, attestations, others } = await inspectAttached(repository, digest, { trust, now: new Date() });
  return {
    json: { ...manifest, digest, signatures, attestations: attestations.length },
    text: describeInspected({ manifest, digest, attached: { signatures, attestations, others }, note }),
  };
}
