export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** One JSON object a line. `error`: a person has to act; `warn`: heals itself. Ids only, never what users wrote. */
export type Log = {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
};

export function createLog(write: (line: string) => void, now: () => number): Log {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      write(`${JSON.stringify({ level, at: new Date(now()).toISOString(), message, ...fields })}\n`);
  return { info: at("info"), warn: at("warn"), error: at("error") };
}

/** What an unknown thing that was thrown says. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message || error.name : String(error);
}
