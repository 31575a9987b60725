import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { endChild } from "../process/end-child.ts";
import { startChild } from "../process/start-child.ts";

const reportSchema = z.object({
  started: z.number().int(),
  finished: z.number().int(),
  failed: z.number().int(),
  ratePerSecond: z.number(),
  switchedSessions: z.number().int(),
});

/** What the simulated customers saw. `switchedSessions`: conversations that were answered by two releases. */
export type CustomerTotals = z.infer<typeof reportSchema>;

export type Customers = {
  totals(): CustomerTotals;
  /** Lets running conversations end, then gives the final totals. */
  stop(): Promise<CustomerTotals>;
};

/** Longer than a conversation that is under way takes to end. */
const KILL_AFTER_MS = 15_000;

const NOBODY: CustomerTotals = { started: 0, finished: 0, failed: 0, ratePerSecond: 0, switchedSessions: 0 };

/** Starts the simulated customers as a process of their own; they report once a second, one JSON object a line. */
export function startCustomers(options: {
  target: string;
  rate: number;
  seed: number;
  /** Every session id begins with it; null makes one up. Ids of an earlier demo in the same directory are pinned still. */
  runId: string | null;
  log: NodeJS.WritableStream;
}): Customers {
  const identity = options.runId === null ? [] : ["--run-id", options.runId];
  const main = fileURLToPath(import.meta.resolve("@perch/example-simulated-customers/main"));
  const flags = [
    ...identity,
    "--target",
    options.target,
    "--rate",
    String(options.rate),
    "--seed",
    String(options.seed),
  ];
  const child = startChild(process.execPath, [main, ...flags]);
  child.stderr.pipe(options.log, { end: false });
  let totals = NOBODY;
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    totals = parseReport(line) ?? totals;
  });
  const drained = new Promise<void>((resolve) => lines.once("close", resolve));
  return {
    totals: () => totals,
    async stop() {
      await endChild(child, KILL_AFTER_MS);
      await drained;
      return totals;
    },
  };
}

function parseReport(line: string): CustomerTotals | null {
  try {
    return reportSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
