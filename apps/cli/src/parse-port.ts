import { InvalidArgumentError } from "commander";

/** A TCP port; 0 lets the system choose. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError(`found ${JSON.stringify(text)}, expected a whole number from 0 to 65535`);
}
