import { createServer } from "node:net";
import { CliError } from "../cli-error.ts";

/** A loopback port that is free at this moment: the wanted one, or any for 0. Throws `CliError` `deployment_failed`. */
export function claimPort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (cause: NodeJS.ErrnoException) => reject(portTaken(wanted, cause)));
    server.listen(wanted, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : wanted;
      server.close(() => resolve(port));
    });
  });
}

function portTaken(port: number, cause: NodeJS.ErrnoException): CliError {
  const found = cause.code === "EADDRINUSE" ? "in use by another process" : `not available (${cause.message})`;
  return new CliError({
    code: "deployment_failed",
    message: `found port ${port} ${found}, expected it to be free for the agent`,
    hint: "leave out --port to take any free port, or stop the other process",
    cause,
  });
}
