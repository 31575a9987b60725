import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { GatewayId } from "@perch/domain";
import { GatewayError } from "../gateway-error.ts";
import { parseReportMessage, type ReportLine } from "./report.ts";

/** A gateway process like any other, which shares its port. */
export type Worker = {
  readonly id: GatewayId;
  readonly url: string;
  /** Resolves when it is gone, with how it went. */
  readonly ended: Promise<string>;
  readonly line: ReportLine;
  /** Lets it finish its answers. */
  stop(): void;
};

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** Resolves when it listens. Throws `GatewayError` `worker_failed`; the worker itself said why in the log. */
export async function startWorker(
  args: readonly string[],
  { id, port }: { readonly id: GatewayId; readonly port: number },
): Promise<Worker> {
  const own = ["--workers", "1", "--share-port", "--id", id, "--port", String(port)];
  const child = spawn(process.execPath, [...process.execArgv, MAIN, ...args, ...own], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    // Ctrl-C reaches a whole terminal: the parent alone passes it on, so that it does not count twice.
    detached: true,
  });
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal === null ? `code ${String(code)}` : `signal ${signal}`));
    child.once("error", (error) => resolve(error.message));
  });
  const url = await urlOf(child, ended);
  return { id, url, ended, line: lineTo(child), stop: () => void child.kill("SIGTERM") };
}

function lineTo(child: ChildProcess): ReportLine {
  return {
    send(message) {
      if (child.connected) child.send(message, () => {});
    },
    onMessage: (hear) =>
      void child.on("message", (message) => {
        const parsed = parseReportMessage(message);
        if (parsed !== null) hear(parsed);
      }),
  };
}

async function urlOf(child: ChildProcess, ended: Promise<string>): Promise<string> {
  if (child.stdout === null) throw failed("it has no output");
  const lines = createInterface(child.stdout);
  const line = new Promise<string>((resolve) => lines.once("line", resolve));
  const first = await Promise.race([line, ended.then((ending) => failed(ending))]);
  if (typeof first !== "string") throw first;
  return String(JSON.parse(first).url);
}

function failed(ending: string): GatewayError {
  return new GatewayError({
    code: "worker_failed",
    message: `a worker ended before it was ready: ${ending}`,
    hint: "its own line in the log says why",
  });
}
