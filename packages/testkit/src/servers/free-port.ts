import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * From here are no ports that systems give out by themselves: one of those may be somebody's connection by the time that it
 * is used, or used again by a server that was killed.
 */
const [FIRST, AFTER_LAST] = [20_000, 32_000];
const MOST_TRIES = 100;

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const port = randomInt(FIRST, AFTER_LAST);
    if (await isFree(port)) return port;
  }
  throw new Error(`found no free port among ${MOST_TRIES} from ${FIRST} to ${AFTER_LAST - 1}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const isListening = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
  if (isListening) await new Promise((resolve) => server.close(resolve));
  return isListening;
}
