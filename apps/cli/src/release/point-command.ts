import { userInfo } from "node:os";
import type { Command } from "commander";
import type { PointerView } from "@perch/api";
import { parseReleaseName, type ReleasePointer } from "@perch/domain";
import { createApiClient, type ApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { jsonOption, serverOption } from "../options.ts";
import { printJson, printLine } from "../output.ts";
import { resolveName } from "./resolve-name.ts";

type PointFlags = { server: string; expect?: string; remove?: boolean; reason: string; json?: boolean };

export function registerPointCommand(release: Command): void {
  release
    .command("point")
    .description("move a pointer such as support:stable to a release, or show where it stands")
    .argument("<pointer>", "agent:name, e.g. support:stable")
    .argument("[release]", "agent@version, agent@sha256:… or another pointer; left out: show it")
    .option("--expect <release>", "move it only if it stands there now; `none`: only if it does not exist")
    .option("--remove", "take the pointer away")
    .option("--reason <text>", "kept in the ledger", "")
    .addOption(serverOption())
    .addOption(jsonOption())
    .action((pointer: string, target: string | undefined, flags: PointFlags) => point(pointer, target, flags));
}

async function point(text: string, target: string | undefined, flags: PointFlags): Promise<void> {
  const name = parsePointer(text);
  const client = createApiClient(flags.server);
  if (target === undefined && flags.remove !== true) return show(flags, await client.pointer(name.agent, name.pointer));
  if (target !== undefined && flags.remove === true) {
    throw usage("found both a release and --remove, expected one of them");
  }
  const expected = await expectedOf(name, client, flags);
  const decided = { expected, reason: flags.reason, actor: `cli:${userInfo().username}`.slice(0, 200) };
  if (target === undefined) {
    const { release } = await client.removePointer(name.agent, name.pointer, decided);
    if (flags.json === true) printJson({ agent: name.agent, pointer: name.pointer, removed: true, release });
    else printLine(`${text} is gone; it stood at ${name.agent}@${release.version}\n${release.digest}`);
    return;
  }
  show(flags, await client.movePointer(name.agent, name.pointer, { release: target, ...decided }));
}

/** Where the pointer has to stand for the move to count: what the person says, else where it stands now. */
async function expectedOf(name: ReleasePointer, client: ApiClient, flags: PointFlags): Promise<string | null> {
  if (flags.expect === "none") return null;
  if (flags.expect !== undefined) return digestOf(flags.expect, name, flags);
  const known = await client.pointers(name.agent);
  return known.find(({ pointer }) => pointer === name.pointer)?.release.digest ?? null;
}

async function digestOf(text: string, { agent }: ReleasePointer, flags: PointFlags): Promise<string> {
  const reference = await resolveName(text, flags.server);
  if (reference.kind === "digest") return reference.digest;
  const view = await createApiClient(flags.server).agent(agent);
  const known = view.releases.find(({ release }) => release.version === reference.version);
  if (known !== undefined) return known.release.digest;
  throw new CliError({
    code: "input_invalid",
    message: `found --expect ${text}, which the server has never admitted`,
    hint: "`perch release list AGENT --history` shows what it knows; or give the digest",
  });
}

function parsePointer(text: string): ReleasePointer {
  const name = parseReleaseName(text);
  if (name.kind === "pointer") return name;
  throw usage(`found ${JSON.stringify(text)}, expected a pointer such as support:stable`);
}

function usage(message: string): CliError {
  return new CliError({ code: "usage", message, hint: "perch release point support:stable support@2.3.1" });
}

function show(flags: PointFlags, view: PointerView): void {
  const { agent, pointer, release, movedAt, actor } = view;
  if (flags.json === true) return printJson(view);
  const since = movedAt === null ? "" : `, since ${new Date(movedAt).toISOString()} by ${actor ?? "unknown"}`;
  printLine(`${agent}:${pointer} stands at ${agent}@${release.version}${since}\n${release.digest}`);
}
