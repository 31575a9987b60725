import { parseArgs } from "node:util";

export type Flags = {
  readonly target: string;
  readonly ratePerSecond: number;
  readonly seed: number;
  readonly durationMs: number;
  readonly maxSessions: number;
  readonly maxInFlight: number;
  /** Begins every session id. Another one each run by default: an old id is still pinned to where it was. */
  readonly runId: string;
};

export class FlagsError extends Error {
  override readonly name = "FlagsError";
}

const UNLIMITED = Number.MAX_SAFE_INTEGER;

/** Throws `FlagsError` for an unknown flag or a value that is not usable. */
export function readFlags(args: readonly string[], freshRunId: string): Flags {
  const values = parse(args);
  const ratePerSecond = readNumber("--rate", values.rate ?? "40", { above: 0, atMost: 10_000 });
  const maxInFlight = values["max-in-flight"];
  return {
    target: readTarget(values.target),
    ratePerSecond,
    seed: readNumber("--seed", values.seed ?? "1", { above: -1, atMost: 2 ** 32 }),
    durationMs: optional("--duration", values.duration) * 1000,
    maxSessions: optional("--max-sessions", values["max-sessions"]),
    // Two seconds of arrivals are several times what a system that follows holds; more would only be waiting in line.
    maxInFlight:
      maxInFlight === undefined ? Math.max(20, Math.ceil(ratePerSecond * 2)) : optional("--max-in-flight", maxInFlight),
    runId: values["run-id"] ?? freshRunId,
  };
}

function parse(args: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        target: text,
        rate: text,
        seed: text,
        duration: text,
        "max-sessions": text,
        "max-in-flight": text,
        "run-id": text,
      },
    }).values;
  } catch (cause) {
    throw new FlagsError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function readTarget(text: string | undefined): string {
  if (text === undefined || !URL.canParse(text) || !text.startsWith("http://")) {
    throw new FlagsError(
      `--target: found ${JSON.stringify(text)}, expected a URL such as http://127.0.0.1:4700/support`,
    );
  }
  return text.replace(/\/$/, "");
}

function optional(flag: string, text: string | undefined): number {
  return text === undefined ? UNLIMITED : readNumber(flag, text, { above: 0, atMost: UNLIMITED });
}

function readNumber(flag: string, text: string, { above, atMost }: { above: number; atMost: number }): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > above && value <= atMost) return value;
  throw new FlagsError(
    `${flag}: found ${JSON.stringify(text)}, expected a number above ${above} and at most ${atMost}`,
  );
}
