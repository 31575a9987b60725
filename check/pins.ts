// `npm run check:pins -- [--sessions 100000] [--seed 1] [--store sqlite|redis|both]`: the whole system under faults. The
// seed decides the plan; which of two things at the same moment comes first is up to the machine.
import { parseArgs } from "node:util";
import { findRedisServer } from "@perch/testkit/servers";
import { drawPlan } from "./plan.ts";
import type { StoreKind } from "./plan-faults.ts";
import { reportOf, type StoreReport } from "./report.ts";
import { runStore } from "./run-store.ts";

const { values } = parseArgs({
  options: {
    sessions: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    store: { type: "string" },
  },
});
const sessions = wholeNumber(values.sessions, "--sessions");
const seed = wholeNumber(values.seed, "--seed");
const stores = storesOf(values.store);

const startedAt = performance.now();
const tell = (line: string): void => {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stderr.write(`${seconds.padStart(6)} s  ${line}\n`);
};
const reports: StoreReport[] = [];
for (const store of stores) {
  const plan = drawPlan({ seed, store, sessions: Math.ceil(sessions / stores.length) });
  reports.push(reportOf({ plan, run: await runStore(plan, tell) }, tell));
}
process.stdout.write(`${JSON.stringify(summaryOf(reports))}\n`);
process.exitCode = reports.every(({ violations }) => Object.keys(violations).length === 0) ? 0 : 1;
if (process.exitCode === 1)
  tell(
    `again: npm run check:pins -- --sessions ${sessions} --seed ${seed} --store ${stores.length > 1 ? "both" : stores.join()}`,
  );
// chDB's threads would keep the process alive.
process.stdout.write("", () => process.exit());

function summaryOf(parts: readonly StoreReport[]) {
  const total = (of: (part: StoreReport) => number): number => parts.reduce((sum, part) => sum + of(part), 0);
  return {
    sessions: total((part) => part.sessions),
    turns: total((part) => part.turns),
    switched: total((part) => part.violations["switched"] ?? 0),
    degraded: total((part) => Object.values(part.degraded).reduce((sum, count) => sum + count, 0)),
    leaked: total((part) => (part.violations["leaked"] ?? 0) + (part.violations["leaseIgnored"] ?? 0)),
    unexplainedFailures: total((part) => part.violations["unexplainedFailure"] ?? 0),
    violations: total((part) => Object.values(part.violations).reduce((sum, count) => sum + count, 0)),
    stores: parts,
    seconds: Math.round((performance.now() - startedAt) / 1000),
    seed,
    ok: parts.every(({ violations }) => Object.keys(violations).length === 0),
  };
}

/** Without a wish: both, where Redis is installed. */
function storesOf(text: string | undefined): readonly StoreKind[] {
  const hasRedis = findRedisServer() !== null;
  if (text === undefined && !hasRedis) process.stderr.write("found no redis-server on the PATH: pins in a file only\n");
  if (text === undefined) return hasRedis ? ["sqlite", "redis"] : ["sqlite"];
  if (text !== "sqlite" && text !== "redis" && text !== "both")
    fail(`found ${JSON.stringify(text)} for --store, expected sqlite, redis or both`);
  if (text !== "sqlite" && !hasRedis) fail("found no redis-server on the PATH; install it, or say --store sqlite");
  return text === "both" ? ["sqlite", "redis"] : [text];
}

function wholeNumber(text: string, option: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  fail(`found ${JSON.stringify(text)} for ${option}, expected a whole number from 1 on`);
}

function fail(message: string): never {
  process.stderr.write(`error: ${message}\n`);
  process.exit(2);
}
