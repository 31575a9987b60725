#!/usr/bin/env node
// Plain JavaScript that any Node from 18 on can read: it finds a Node that can run the rest.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import module, { createRequire } from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const MAIN = new URL("../src/main.ts", import.meta.url);
const PINNED_MAJOR = 24;
const [major, minor] = process.versions.node.split(".").map(Number);
// From 22.18 on Node runs TypeScript without being asked to.
const isNewEnough = major > 22 || (major === 22 && minor >= 18);

const pinned = major === PINNED_MAJOR ? null : findPinnedNode();
if (pinned !== null && pinned !== realpathSync(process.execPath)) runUnder(pinned);
else if (isNewEnough) await runHere();
else complain();

async function runHere() {
  // Halves the time that a command takes to start.
  module.enableCompileCache?.();
  await import(MAIN.href);
}

/** The Node that this installation brought along, as the npm package of this platform; null when there is none. */
function findPinnedNode() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const file = process.platform === "win32" ? "bin/node.exe" : "bin/node";
  const require = createRequire(import.meta.url);
  for (const name of [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`]) {
    try {
      const path = require.resolve(`${name}/${file}`);
      if (existsSync(path)) return realpathSync(path);
    } catch {
      // Not installed for this platform: the running Node may do.
    }
  }
  return null;
}

function runUnder(node) {
  // The channel carries no messages; its end tells the child that this process is gone.
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  child.once("error", (error) => {
    process.stderr.write(`error: ${node} cannot be started: ${error.message}\nhint: run \`npm ci\` again\n`);
    process.exitCode = 1;
  });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  const forward = (signal) => {
    // Ctrl-C in a terminal reaches the child by itself; a second one would mean "at once".
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  child.once("exit", (code, signal) => {
    for (const name of signals) process.off(name, forward);
    process.exitCode = signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0);
  });
}

function complain() {
  process.stderr.write(
    `error: found Node ${process.versions.node}, expected Node ${PINNED_MAJOR} (or at least 22.18)\n` +
      "hint: run `npm ci` with optional dependencies, which brings the right Node along, or install Node 24\n",
  );
  process.exitCode = 1;
}
