import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { supervise, type Supervised } from "../process/supervise.ts";

export type Perch = {
  readonly server: Supervised;
  readonly gateway: Supervised;
  /** Gateway first, so that nothing it has to report is refused. */
  stop(): Promise<void>;
};

export type StartPerchOptions = {
  readonly data: string;
  readonly serverPort: number;
  readonly gatewayPort: number;
  /** Default: OTLP over HTTP only. */
  readonly otlpGrpcPort?: number;
  /** Where releases are, as `--registry` names it. Default: `registry` in the data directory. */
  readonly registry?: string;
  /** Who judges sessions. Default: nobody. */
  readonly scorers?: string;
  /** Default: `trust` in the data directory. */
  readonly trust?: string;
  /** Whom the server tells about rollouts. Default: nobody. */
  readonly notifications?: string;
  /** Prices of models that go before the built-in ones. */
  readonly priceFile?: string;
  /** How many characters of the content of each span are kept. Default: none. */
  readonly contentCharacters?: number;
  /** Shown in the console when the traffic is not real. */
  readonly notice?: string;
  readonly latenessMs?: number;
  readonly tickMs?: number;
  readonly onEvent?: (text: string) => void;
};

/** Server and gateway with embedded stores under one data directory, each restarted when it dies. */
export async function startPerch(options: StartPerchOptions): Promise<Perch> {
  const files = processFiles(options.data);
  const events = options.onEvent === undefined ? {} : { onEvent: options.onEvent };
  const server = await supervise({
    name: "server",
    command: process.execPath,
    args: (port) => [mainOf("server"), "--data", options.data, "--port", String(port), ...serverFlags(options)],
    port: options.serverPort,
    ...files("server"),
    ...events,
  });
  try {
    const gateway = await supervise({
      name: "gateway",
      command: process.execPath,
      args: (port) => [mainOf("gateway"), ...gatewayFlags(options, { port, serverUrl: server.url })],
      port: options.gatewayPort,
      ...files("gateway"),
      ...events,
    });
    return {
      server,
      gateway,
      async stop() {
        await gateway.stop();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Where a process of this data directory logs (`logs/NAME.log`) and leaves its id (`run/NAME.pid`). */
export function processFiles(data: string): (name: string) => { logFile: string; pidFile: string } {
  for (const folder of ["logs", "run"]) mkdirSync(join(data, folder), { recursive: true });
  return (name) => ({ logFile: join(data, "logs", `${name}.log`), pidFile: join(data, "run", `${name}.pid`) });
}

/** A gateway lets open answers go on for an hour; whoever pressed Ctrl-C on a laptop does not wait that long. */
const DRAIN_SECONDS = 5;

function gatewayFlags(
  { data }: StartPerchOptions,
  at: { readonly port: number; readonly serverUrl: string },
): string[] {
  return ["--data", data, "--port", String(at.port), "--server", at.serverUrl, "--drain", String(DRAIN_SECONDS)];
}

function serverFlags(options: StartPerchOptions): string[] {
  return [
    ...(options.otlpGrpcPort === undefined ? [] : ["--otlp-grpc-port", String(options.otlpGrpcPort)]),
    ...(options.registry === undefined ? [] : ["--registry", options.registry]),
    ...(options.scorers === undefined ? [] : ["--scorers", options.scorers]),
    ...(options.trust === undefined ? [] : ["--trust", options.trust]),
    ...(options.notifications === undefined ? [] : ["--notifications", options.notifications]),
    ...(options.priceFile === undefined ? [] : ["--price-file", options.priceFile]),
    ...(options.contentCharacters === undefined ? [] : ["--capture-content", String(options.contentCharacters)]),
    ...(options.notice === undefined ? [] : ["--notice", options.notice]),
    ...(options.latenessMs === undefined ? [] : ["--lateness", String(options.latenessMs)]),
    ...(options.tickMs === undefined ? [] : ["--tick", String(options.tickMs)]),
  ];
}

/** The apps are separate programs: they are started, never imported. */
export function mainOf(app: "server" | "gateway"): string {
  return fileURLToPath(import.meta.resolve(`@perch/${app}/main`));
}
