import type { DiagLogger } from "@opentelemetry/api";

type Reporting = { readonly report: (message: string) => void; readonly now: () => number };

const AT_MOST_EVERY_MS = 60_000;

/**
 * What OpenTelemetry has to say about itself: a collector that is away, a variable that makes no sense. Else nobody would
 * learn that nothing arrives. A collector that stays away would fail several times a second, so the rest is counted.
 */
export function createTroubleLogger({ report, now }: Reporting): DiagLogger {
  let nextAt = Number.NEGATIVE_INFINITY;
  let held = 0;
  const tell = (message: string, ...more: readonly unknown[]): void => {
    held += 1;
    if (now() < nextAt) return;
    nextAt = now() + AT_MOST_EVERY_MS;
    const others = held > 1 ? ` (and ${held - 1} more since the last warning)` : "";
    held = 0;
    report(`telemetry: ${[readable(message), ...more].map(String).join(" ").slice(0, 500)}${others}`);
  };
  const nothing = (): void => {};
  return { error: tell, warn: tell, info: nothing, debug: nothing, verbose: nothing };
}

/** Errors come as JSON, with a stack that helps nobody here. */
function readable(message: string): string {
  const [, text] = /"message":"((?:[^"\\]|\\.)*)"/.exec(message) ?? [];
  return message.startsWith("{") && text !== undefined ? text : message;
}
