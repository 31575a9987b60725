import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createChatClient } from "./chat/chat-client.ts";
import type { Customer } from "./customer/customer.ts";
import { runSession } from "./customer/run-session.ts";
import { FlagsError, readFlags, type Flags } from "./traffic/read-flags.ts";
import { sendCustomers } from "./traffic/send-customers.ts";
import { createTally } from "./traffic/tally.ts";

// Above the agent's own time for an answer, so that only a dead connection ends here.
const ANSWER_TIMEOUT_MS = 30_000;
const LAST_ANSWERS_MS = 10_000;

try {
  await run(readFlags(process.argv.slice(2), `sim-${randomBytes(4).toString("hex")}`));
} catch (error) {
  if (!(error instanceof FlagsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}

async function run(flags: Flags): Promise<void> {
  const client = createChatClient(flags.target, ANSWER_TIMEOUT_MS);
  const tally = createTally(Date.now);
  const endsAt = Date.now() + flags.durationMs;
  let isTold = false;
  const isStopping = () => isTold || Date.now() >= endsAt;
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => (isTold = true));
  const sessions = new Set<Promise<void>>();
  const arrive = (index: number, customer: Customer) => {
    tally.start();
    const session = runSession(`${flags.runId}-${index}`, customer, { client, sleep, now: Date.now, isStopping })
      .then((result) => tally.add(result))
      .finally(() => sessions.delete(session));
    sessions.add(session);
  };
  const ticker = setInterval(() => print(tally.report("sinceLastReport")), 1000);
  await sendCustomers(flags, { now: Date.now, sleep, inFlight: () => tally.inFlight(), isStopping, arrive });
  // Conversations that have begun are finished, so that the totals hold no half ones.
  await Promise.race([Promise.allSettled(sessions), sleep(LAST_ANSWERS_MS, undefined, { ref: false })]);
  clearInterval(ticker);
  // Reported before hanging up: a conversation that is cut here is still open, it did not fail.
  print({ done: true, simulated: true, ...tally.report("wholeRun") });
  client.close();
}

function print(report: unknown): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
