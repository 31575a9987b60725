import { aSpan, aTurnRecord } from "@perch/testkit";
import { openChdbTraceStore } from "../open-chdb.ts";

// Appends one turn and its span after the other and tells of each on stdout once it is durable, until it is killed.
const { store } = await openChdbTraceStore({ directory: process.argv[2] ?? "" });
process.stdout.write("open\n");
for (let count = 0; ; count += 1) {
  const traceId = count.toString(16).padStart(32, "f");
  await Promise.all([
    store.appendTurns([aTurnRecord({ id: `turn-${count}`, traceId })]),
    store.appendSpans([aSpan({ traceId })]),
  ]);
  process.stdout.write(`${count}\n`);
}
