import { writeSync } from "node:fs";

/** The only place of the command line that prints. Results go to stdout, everything about the work to stderr. */
export function printLine(text: string): void {
  writeAll(1, `${text}\n`);
}

/** One JSON document on one line, so that `| head -1` and line readers work. */
export function printJson(value: unknown): void {
  printLine(JSON.stringify(value));
}

export function printNote(text: string): void {
  writeAll(2, `${text}\n`);
}

// Written synchronously: a pipe's buffered output would be lost when the process exits right after.
function writeAll(fd: 1 | 2, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : null;
      // The reader has gone away (`| head -1`): nobody is left to print to.
      if (code === "EPIPE") return;
      // A full pipe that somebody made non-blocking: wait a moment for its reader.
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
