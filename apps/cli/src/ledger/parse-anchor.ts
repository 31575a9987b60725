import type { Anchor } from "@perch/domain";
import { InvalidArgumentError } from "commander";

/** `SEQUENCE:HASH`, as `perch ledger verify` prints the head. */
export function parseAnchor(text: string): Anchor {
  const [, sequence, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (sequence === undefined || hash === undefined) {
    throw new InvalidArgumentError(`found ${JSON.stringify(text.slice(0, 100))}, expected SEQUENCE:HASH`);
  }
  return { sequence: Number(sequence), hash };
}

export function formatAnchor({ sequence, hash }: Anchor): string {
  return `${sequence}:${hash}`;
}
