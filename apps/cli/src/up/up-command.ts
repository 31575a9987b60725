import { resolve } from "node:path";
import type { Command } from "commander";
import { fullLocation } from "@perch/adapters/release-registry";
import { CliError } from "../cli-error.ts";
import { dataOption, jsonOption, LOCATION } from "../options.ts";
import { parsePort } from "../parse-port.ts";
import { printJson, printLine, printNote } from "../output.ts";
import { chooseOtlpGrpcPort, OTLP_GRPC_PORT } from "./otlp-grpc-port.ts";
import { startPerch } from "./start-perch.ts";
import { stopSignal } from "./stop-signal.ts";

type UpFlags = {
  data: string;
  port: number;
  gatewayPort: number;
  otlpGrpcPort?: number;
  registry?: string;
  scorers?: string;
  trust?: string;
  notice?: string;
  notifications?: string;
  priceFile?: string;
  captureContent?: string;
  json?: boolean;
};

export function registerUpCommand(program: Command): void {
  program
    .command("up")
    .description("start server and gateway with embedded stores under one data directory, until Ctrl-C")
    .addOption(dataOption())
    .option("--port <port>", "the server's port (API, OTLP and console); 0 for any", parsePort, 4600)
    .option("--gateway-port <port>", "the gateway's port; 0 for any", parsePort, 4700)
    .option("--otlp-grpc-port <port>", `the port of OTLP/gRPC; default: ${OTLP_GRPC_PORT} if it is free`, parsePort)
    .option("--registry <location>", `${LOCATION}; default: DATA/registry`)
    .option("--trust <dir>", "trust policy.yaml of this directory, or without one every *.pub; default: DATA/trust")
    .option("--notifications <file>", "whom to tell about rollouts, and what signs webhooks (YAML)")
    .option("--scorers <file>", "who judges sessions that are over, see docs/scores.md; default: nobody")
    .option("--price-file <file>", "prices of models, before the built-in ones (YAML or JSON)")
    .option(
      "--capture-content <n>",
      "keep n characters of what goes in and comes out of each span; default: digests only",
    )
    .option("--notice <text>", "shown in the console, e.g. when the traffic is not real")
    .addOption(jsonOption())
    .action((flags: UpFlags) => up(flags));
}

const MOST_CHARACTERS = 1_000_000;

function charactersOf(text: string): number {
  const characters = Number(text);
  if (/^\d+$/.test(text) && characters <= MOST_CHARACTERS) return characters;
  throw new CliError({
    code: "usage",
    message: `found --capture-content ${JSON.stringify(text)}, expected a whole number from 0 to ${MOST_CHARACTERS}`,
    hint: "it is how many characters of each side of a span are kept; 0 keeps digests only",
  });
}

async function up(flags: UpFlags): Promise<void> {
  const stopped = stopSignal();
  const data = resolve(flags.data);
  const otlpGrpcPort = await chooseOtlpGrpcPort(flags.otlpGrpcPort, flags.port);
  const perch = await startPerch({
    data,
    serverPort: flags.port,
    gatewayPort: flags.gatewayPort,
    onEvent: printNote,
    ...(otlpGrpcPort === null ? {} : { otlpGrpcPort }),
    ...(flags.registry === undefined ? {} : { registry: fullLocation(flags.registry) }),
    ...(flags.scorers === undefined ? {} : { scorers: resolve(flags.scorers) }),
    ...(flags.trust === undefined ? {} : { trust: resolve(flags.trust) }),
    ...(flags.notifications === undefined ? {} : { notifications: resolve(flags.notifications) }),
    ...(flags.priceFile === undefined ? {} : { priceFile: resolve(flags.priceFile) }),
    ...(flags.captureContent === undefined ? {} : { contentCharacters: charactersOf(flags.captureContent) }),
    ...(flags.notice === undefined ? {} : { notice: flags.notice }),
  });
  const { server, gateway } = perch;
  const otlpGrpc = otlpGrpcPort === null ? null : `http://127.0.0.1:${otlpGrpcPort}`;
  if (flags.json === true) printJson({ ready: true, server: server.url, gateway: gateway.url, otlpGrpc, data });
  else {
    printLine(`console and API  ${server.url}`);
    printLine(`gateway          ${gateway.url}/<agent>/…`);
    printLine(`OTLP             ${server.url}/v1/traces, /v1/logs`);
    const off = `off: port ${OTLP_GRPC_PORT} is taken, --otlp-grpc-port chooses another`;
    printLine(`OTLP over gRPC   ${otlpGrpc ?? off}`);
    printLine(`data             ${data}`);
    printLine("Ctrl-C stops both.");
  }
  await stopped;
  printNote("stopping");
  await perch.stop();
}
