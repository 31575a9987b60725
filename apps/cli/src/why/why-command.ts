import type { PlacementView, WhyAnswer } from "@perch/api";
import type { Command } from "commander";
import { createApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { jsonOption, serverOption } from "../options.ts";
import { printJson, printLine, printNote } from "../output.ts";
import { askGateway } from "./ask-gateway.ts";
import { describeAsked, describePlacement } from "./describe-placement.ts";

type Flags = { server: string; agent?: string; gateway: string[]; json?: boolean };

const LOCAL_GATEWAY = "http://127.0.0.1:4700";
const UNKNOWN = 4;

export function registerWhyCommand(program: Command): void {
  program
    .command("why")
    .description(
      "explain why a session is on its release; exit code 0, or 4 when the session is unknown wherever was asked",
    )
    .argument("<session>", "session id, or another name that it goes by")
    .option("--agent <name>", "the session's agent; needed where several agents have such a session")
    .option(
      "--gateway <url>",
      `ask this gateway too, on its own machine; may be repeated (default when the server is away: ${LOCAL_GATEWAY})`,
      (url: string, urls: string[]) => [...urls, url],
      [],
    )
    .addOption(serverOption())
    .addOption(jsonOption())
    .action((session: string, flags: Flags) => why(session, flags));
}

async function why(session: string, flags: Flags): Promise<void> {
  const answer = await askEverybody(session, flags);
  const [placement, ...others] = answer.placements;
  if (placement === undefined) return tellUnknown(session, answer, flags);
  if (others.length > 0) {
    throw new CliError({
      code: "usage",
      message: `found session ${session} at agents ${answer.placements.map(({ agent }) => agent).join(", ")}, expected one`,
      hint: "name the agent with --agent",
    });
  }
  const away = answer.asked.filter(({ isAnswer }) => !isAnswer);
  if (flags.json === true) printJson({ ...placement, asked: answer.asked });
  else {
    printLine(describePlacement(placement, Date.now()));
    if (away.length > 0) printNote(`could not ask everybody:\n${describeAsked(away)}`);
  }
}

/** Throws `server_unreachable` when nobody could say anything: then it is not known that the session is unknown. */
function tellUnknown(session: string, { asked }: WhyAnswer, flags: Flags): void {
  const places = describeAsked(asked);
  if (asked.every(({ isAnswer }) => !isAnswer)) {
    throw new CliError({
      code: "server_unreachable",
      message: `nobody could be asked about session ${session}; tried:\n${places}`,
      hint: "start the server with `perch up`, give its URL with --server, or a gateway's with --gateway",
    });
  }
  process.exitCode = UNKNOWN;
  if (flags.json === true) {
    printJson({ found: false, session, asked });
    return;
  }
  const where = flags.agent === undefined ? "" : ` at agent ${flags.agent}`;
  printNote(`session ${session} is not known${where}; asked:\n${places}`);
  printNote("hint: the session may be over for long, not begun, or known by another name");
}

/** The server asks its gateways and its records. Gateways are asked here when they are named, or the server is away. */
async function askEverybody(session: string, flags: Flags): Promise<WhyAnswer> {
  const asked = { session, agent: flags.agent ?? null };
  const server = await askServer(flags.server, asked);
  const isServerAway = server.asked.every(({ isAnswer }) => !isAnswer);
  const urls = flags.gateway.length === 0 && isServerAway ? [LOCAL_GATEWAY] : flags.gateway;
  const gateways = await Promise.all(urls.map((url) => askGateway(url, asked)));
  return {
    placements: gateways.flatMap(({ placements }) => placements).reduce(withPin, server.placements),
    asked: [...server.asked, ...gateways.flatMap((one) => one.asked)],
  };
}

async function askServer(
  url: string,
  { session, agent }: { session: string; agent: string | null },
): Promise<WhyAnswer> {
  try {
    return await createApiClient(url).why(session, agent);
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "server_unreachable") throw error;
    return { placements: [], asked: [{ where: `server at ${url}`, outcome: error.message, isAnswer: false }] };
  }
}

/** A live pin says more than what was recorded, and does not know what was. */
function withPin(placements: readonly PlacementView[], pin: PlacementView): PlacementView[] {
  const known = placements.find(({ agent }) => agent === pin.agent);
  if (known === undefined) return [...placements, pin];
  if (known.source === "pin" || known.session !== pin.session) return [...placements];
  const merged = { ...pin, release: known.release.digest === pin.release.digest ? known.release : pin.release };
  const { records } = known;
  return placements.map((one) =>
    one === known ? { ...merged, records, disagreements: disagreementsOf(known, pin) } : one,
  );
}

function disagreementsOf(recorded: PlacementView, pin: PlacementView): PlacementView["disagreements"] {
  if (recorded.release.digest === pin.release.digest || recorded.records === null) return recorded.disagreements;
  const { turns, firstAt, lastAt } = recorded.records;
  const elsewhere = recorded.disagreements.reduce((sum, one) => sum + one.turns, 0);
  const first = { release: recorded.release, turns: turns - elsewhere, firstAt, lastAt };
  return [first, ...recorded.disagreements.filter(({ release }) => release.digest !== pin.release.digest)];
}
