import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { findProgram } from "@perch/testkit/servers";

const CLOCK_TICKS_A_SECOND = 100;
const SYSTEM_PROGRAMS = ["/usr/sbin", "/sbin"];

/** Programs run on one core each, so that what is measured is one core's work, whatever else the machine does. */
export type Pinned = { readonly pid: number; readonly child: ChildProcess; stop(): Promise<void> };

export type PinnedOptions = {
  readonly core: number;
  /** Files and sockets it may have open; as many as this user may have when that is less. */
  readonly openFiles?: number;
};

export function startPinned(command: readonly string[], { core, openFiles }: PinnedOptions): Pinned {
  const limit = openFiles === undefined ? "" : `ulimit -n ${openFiles} 2>/dev/null || ulimit -n $(ulimit -Hn); `;
  const shell = ["-c", `${limit}exec taskset -c ${core} "$@"`, "sh", ...command];
  const child = spawn("sh", shell, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (data: Buffer) => (said = `${said}${data.toString()}`.slice(-4000)));
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let isStopping = false;
  child.once("exit", (code, signal) => {
    if (!isStopping && code !== 0)
      process.stderr.write(`${command[0]} ended with ${String(code ?? signal)}: ${said}\n`);
  });
  return {
    pid: child.pid ?? 0,
    child,
    async stop() {
      isStopping = true;
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** How many files a program of `startPinned` may have open when it asks for so many. */
export function openFilesLimit(wanted: number): number {
  const shell = `ulimit -n ${wanted} 2>/dev/null || ulimit -n $(ulimit -Hn); ulimit -n`;
  return Number(spawnSync("sh", ["-c", shell], { encoding: "utf8" }).stdout.trim());
}

/** The benchmark's own process leaves the measured core alone too. */
export function pinSelf(core: number): void {
  spawnSync("taskset", ["-cp", String(core), String(process.pid)]);
}

/** Where a program is. Throws when it is missing: a benchmark without its peer says nothing. */
export function programFor(name: string): string {
  const path = process.env["PATH"] ?? "";
  process.env["PATH"] = [path, ...SYSTEM_PROGRAMS].join(":");
  const found = findProgram(name);
  process.env["PATH"] = path;
  if (found === null) throw new Error(`found no ${name} on the PATH, expected it for this benchmark`);
  return found;
}

export async function untilListening(port: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isListening(port))) {
    if (Date.now() > deadline) throw new Error(`found nobody listening on port ${port} after 10 s`);
    await delay(20);
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** Processor time that a process has used, in seconds (proc(5): fields 14 and 15 of stat). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_A_SECOND;
}

/** Memory of a process that is in RAM, in bytes. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? Number.NaN) * 1024;
}
