import { TelemetryError } from "@perch/domain";
import { createHash } from "node:crypto";
import type { IngestToken } from "./ingest-tokens.ts";

export type Sender = {
  /** As the token file has it; null for whoever needs no token. */
  readonly name: string | null;
  /** To be told of bytes as they come in, after decompression. */
  charge(bytes: number): void;
};

export type IngestGate = {
  /**
   * Whose request with this `authorization` header is. Throws `TelemetryError`: `unauthenticated`, or `rate_limited` with the
   * time after which it is worth trying again; `onLimited` hears of that one.
   */
  admit(authorization: string | null, onLimited: (name: string) => void): Sender;
};

export const ANYONE: Sender = { name: null, charge: () => undefined };
export const OPEN_GATE: IngestGate = { admit: () => ANYONE };

/** Without tokens: open to everybody on this machine, closed as soon as others can reach the port. */
export function createIngestGate(options: {
  readonly tokens: readonly IngestToken[] | null;
  readonly isLoopback: boolean;
  /** A clock that never stands still or goes back. */
  readonly now: () => number;
}): IngestGate {
  const { tokens, isLoopback, now } = options;
  if (tokens === null) return isLoopback ? OPEN_GATE : CLOSED_GATE;
  const senders = new Map(tokens.map((token) => [token.sha256, createLimits(token, now)]));
  return {
    admit(authorization, onLimited) {
      const [, secret] = /^Bearer +([\u0021-\u007e]+) *$/i.exec(authorization ?? "") ?? [];
      if (secret === undefined) throw unauthenticated("found no bearer token");
      // Looked up by its hash, so that how long it takes says nothing about the tokens there are.
      const limits = senders.get(createHash("sha256").update(secret).digest("hex"));
      if (limits === undefined) throw unauthenticated("found a token that is none of this server's");
      const retryAfterMs = limits.msUntilNext();
      if (retryAfterMs > 0) {
        onLimited(limits.name);
        throw rateLimited(limits.name, retryAfterMs);
      }
      limits.requests.take(1);
      return { name: limits.name, charge: (bytes) => limits.bytes.take(bytes) };
    },
  };
}

const CLOSED_GATE: IngestGate = {
  admit() {
    throw new TelemetryError({
      code: "unauthenticated",
      message: "found a server that listens beyond this machine and knows no ingest tokens, expected tokens",
      hint: "start the server with --ingest-token-file, or on a loopback address",
    });
  },
};

function createLimits({ name, requestsPerSecond, bytesPerSecond }: IngestToken, now: () => number) {
  const requests = createBucket(requestsPerSecond, now);
  const bytes = createBucket(bytesPerSecond, now);
  return { name, requests, bytes, msUntilNext: () => Math.max(requests.msUntilFree(), bytes.msUntilFree()) };
}

/** Exporters send in bursts: this much may be saved up. */
const BURST_SECONDS = 5;

/**
 * A token bucket that may go into debt: what a request weighs is known only when it has been read, so the request after it
 * waits until the debt is paid. A large batch is thus never refused for ever.
 */
function createBucket(perSecond: number, now: () => number) {
  const savedAtMostMs = (Math.max(1, perSecond * BURST_SECONDS) / perSecond) * 1000;
  // A moment, not an amount: an amount that is filled up bit by bit misses the moment it was to be free by a rounding.
  let paidAt = now() - savedAtMostMs;
  return {
    msUntilFree(): number {
      const untilPaidMs = paidAt - now();
      return untilPaidMs < 0 ? 0 : Math.floor(untilPaidMs) + 1;
    },
    take(amount: number): void {
      paidAt = Math.max(paidAt, now() - savedAtMostMs) + (amount / perSecond) * 1000;
    },
  };
}

function unauthenticated(found: string): TelemetryError {
  return new TelemetryError({
    code: "unauthenticated",
    message: `${found}, expected "authorization: Bearer TOKEN" with one of the server's ingest tokens`,
    hint: "set OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN, or ask for a token",
  });
}

function rateLimited(name: string, retryAfterMs: number): TelemetryError {
  return new TelemetryError({
    code: "rate_limited",
    message: `${name} has sent as much as its token allows`,
    hint: "send again after the time given, in larger and fewer batches; or have the token's limits raised",
    retryAfterMs,
  });
}
