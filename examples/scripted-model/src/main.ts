import { parseArgs } from "node:util";
import { createModelServer } from "./server/model-server.ts";

const { values } = parseArgs({
  options: { port: { type: "string", default: "0" }, "chunk-delay-ms": { type: "string", default: "3" } },
});
const port = wholeNumber("--port", values.port, 65_535);
const chunkDelayMs = wholeNumber("--chunk-delay-ms", values["chunk-delay-ms"], 60_000);

const server = createModelServer({ chunkDelayMs, now: Date.now });
server.on("error", (error: NodeJS.ErrnoException) => {
  log("error", error.code === "EADDRINUSE" ? `port ${port} is taken; choose another with --port` : error.message);
  process.exitCode = 1;
});
server.listen(port, "127.0.0.1", () => {
  const address = server.address();
  const listening = typeof address === "object" && address !== null ? address.port : port;
  const url = `http://127.0.0.1:${listening}`;
  process.stdout.write(`${JSON.stringify({ ready: true, url, simulated: true })}\n`);
  log("info", "this is a scripted stand-in, not a language model: every answer is simulated");
});
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    // A connection that is kept alive after its answer would hold the process: closed as soon as it is idle.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => clearInterval(sweep));
  });
}

function wholeNumber(flag: string, text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > max) {
    process.stderr.write(`${flag}: found ${JSON.stringify(text)}, expected a whole number from 0 to ${max}\n`);
    process.exit(2);
  }
  return value;
}

function log(level: "info" | "error", message: string): void {
  process.stderr.write(`${JSON.stringify({ level, at: new Date().toISOString(), message })}\n`);
}
