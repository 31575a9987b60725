import { resolve } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import { dataOption, jsonOption, LOCATION, serverOption } from "../options.ts";
import { printJson, printLine, printNote } from "../output.ts";
import { parsePort } from "../parse-port.ts";
import { stopSignal } from "../up/stop-signal.ts";
import { startDeployment, type Deployment } from "./start-deployment.ts";

type DeployFlags = {
  server: string;
  port: number;
  data: string;
  registry?: string;
  trust?: string;
  readyTimeout: number;
  json?: boolean;
};

export function registerDeployCommand(program: Command): void {
  program
    .command("deploy")
    .description(
      "verify a release, start its program, register its URL, and keep it running until Ctrl-C or until its release is decommissioned",
    )
    .argument("<release>", "agent@version, agent@sha256:… or agent:pointer")
    .addOption(serverOption())
    .option("--port <port>", "the agent's port; 0 for any", parsePort, 0)
    .addOption(dataOption())
    .option("--registry <location>", `${LOCATION}; default: DATA/registry`)
    .option("--trust <dir>", "trust policy.yaml of this directory, or without one every *.pub; default: DATA/trust")
    .option("--ready-timeout <seconds>", "how long the agent may take to answer GET /healthz", parseSeconds, 30)
    .addOption(jsonOption())
    .action((reference: string, flags: DeployFlags) => deploy(reference, flags));
}

async function deploy(reference: string, flags: DeployFlags): Promise<void> {
  const stopped = stopSignal();
  const deployment = await startDeployment({
    reference,
    serverUrl: flags.server,
    dataDirectory: resolve(flags.data),
    ...(flags.registry === undefined ? {} : { registry: flags.registry }),
    ...(flags.trust === undefined ? {} : { trustDirectory: resolve(flags.trust) }),
    port: flags.port,
    readyTimeoutMs: flags.readyTimeout * 1000,
    onLine: printNote,
    onEvent: (message) => printNote(JSON.stringify({ level: "warn", at: new Date().toISOString(), message })),
  });
  announce(deployment, flags);
  const failure = await Promise.race([stopped, deployment.gaveUp, deployment.decommissioned]);
  await deployment.stop();
  if (failure !== undefined) throw failure;
}

function announce({ agent, version, digest, url }: Deployment, flags: DeployFlags): void {
  if (flags.json === true) printJson({ ready: true, agent, version, digest, url });
  else printLine(`ready: ${agent}@${version} at ${url}  ${digest}`);
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 3_600) return seconds;
  throw new InvalidArgumentError(`found ${JSON.stringify(text)}, expected a number of seconds above 0`);
}
