// What gates and the pages about a rollout ask, through the real adapter, with little history behind it and with ten times as much.
// The rollout under way is the same size both times. Beside it the same questions to the same engine as plain scans.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ClickHouseClient } from "@clickhouse/client";
import { openChdbTraceStore, type OpenTraceStore } from "@perch/adapters/clickhouse";
import { connectChdb } from "../packages/adapters/src/clickhouse/connect-chdb.ts";
import { AGENT, growHistory, ROLLOUT, ROLLOUT_SESSIONS, STEPS, type History } from "./history.ts";
import { prepareScans, scanQuestions, type Places } from "./scan-questions.ts";
import { quantile, rounded } from "./timing.ts";

/** As many as the controller reads at a time. */
const SESSIONS_A_READ = 2000;
/** What came since the controller last closed a block. */
const NEW_ASSIGNMENTS = 300;
const HOUR_MS = 3_600_000;
const IDLE_MS = 1_800_000;
const SCAN_ROUNDS = 5;

type Question = () => Promise<unknown>;
type Times = { readonly wall: readonly number[]; readonly cpuMs: number };
type Asked = ReadonlyMap<string, Times>;

export async function run(flags: readonly string[]): Promise<unknown> {
  const { values } = parseArgs({
    args: [...flags],
    options: {
      small: { type: "string", default: "1000000" },
      large: { type: "string", default: "10000000" },
      rounds: { type: "string", default: "40" },
    },
  });
  const rounds = Number(values.rounds);
  const small = await measure(Number(values.small), rounds);
  const large = await measure(Number(values.large), rounds);
  const [ms1M, ms10M] = [allOf(small.asked), allOf(large.asked)];
  return {
    bench: "query",
    spans: [small.spans, large.spans],
    sessions: [small.sessions, large.sessions],
    rolloutSessions: ROLLOUT_SESSIONS,
    ms1M: p50(ms1M),
    ms10M: p50(ms10M),
    p95Ms1M: p95(ms1M),
    p95Ms10M: p95(ms10M),
    ratio: rounded(p50(ms10M) / p50(ms1M), 2),
    cpuMs1M: cpuOf(small.asked),
    cpuMs10M: cpuOf(large.asked),
    scanMs1M: p50(allOf(small.scanned)),
    scanMs10M: p50(allOf(large.scanned)),
    questions: Object.fromEntries([...large.asked.keys()].map((name) => [name, figuresOf(name, small, large)])),
  };
}

type Measured = {
  readonly spans: number;
  readonly sessions: number;
  readonly asked: Asked;
  readonly scanned: Asked;
};

async function measure(spans: number, rounds: number): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), "perch-bench-"));
  const opened = await openChdbTraceStore({ directory });
  const client = await connectChdb(directory);
  try {
    const history = await growHistory(client, spans, Date.now());
    await prepareScans(client);
    await mergesDone(client);
    const asked = await ask(questionsOf(opened, history), rounds);
    const scans = Object.entries(scanQuestions(placesOf(history))).map(([name, query]): [string, Question] => [
      name,
      async () => await (await client.query({ query, format: "JSONEachRow" })).json(),
    ]);
    const scanned = await ask(new Map(scans), Math.min(rounds, SCAN_ROUNDS));
    return { spans, sessions: history.sessions, asked, scanned };
  } finally {
    await client.close();
    await opened.close();
    await rm(directory, { recursive: true, force: true });
  }
}

function placesOf({ now, sessions }: History): Places {
  return {
    step: STEPS - 1,
    afterAssignment: sessions - NEW_ASSIGNMENTS,
    since: now - HOUR_MS,
    liveSince: now - IDLE_MS,
    before: now - HOUR_MS * 12,
  };
}

function questionsOf({ cohorts, sessions, explorer }: OpenTraceStore, history: History): ReadonlyMap<string, Question> {
  const { step, afterAssignment, since, liveSince, before } = placesOf(history);
  const ofStep = { rollout: ROLLOUT, step };
  return new Map<string, Question>([
    ["members", () => cohorts.members({ ...ofStep, afterAssignment, limit: SESSIONS_A_READ })],
    ["membersOfAStep", () => cohorts.members({ ...ofStep, step: 1, afterAssignment: 0, limit: SESSIONS_A_READ })],
    ["assigned", () => cohorts.assigned(ofStep)],
    ["history", () => cohorts.history({ agent: AGENT, before, limit: SESSIONS_A_READ })],
    ["arms", () => sessions.armSummaries(ROLLOUT)],
    ["exposed", () => sessions.exposedSessions({ rollout: ROLLOUT, before: null })],
    ["switched", () => sessions.switchedSessions(ROLLOUT)],
    ["traffic", () => sessions.releaseTraffic({ agent: AGENT, since, liveSince })],
    ["transitions", () => explorer.transitions({ rollout: ROLLOUT, limit: 100 })],
    ["percentiles", () => explorer.spreads(ROLLOUT)],
    ["live", () => sessions.releaseActivity({ agent: AGENT, liveSince })],
  ]);
}

/** In turn, so that whatever else the machine does meets all of them. Once before, so that files are in memory. */
async function ask(questions: ReadonlyMap<string, Question>, rounds: number): Promise<Asked> {
  const times = new Map([...questions.keys()].map((name) => [name, { wall: [] as number[], cpuMs: 0 }]));
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, question] of questions) {
      const [startedAt, cpuBefore] = [performance.now(), process.cpuUsage()];
      await question();
      const own = times.get(name);
      if (round < 0 || own === undefined) continue;
      own.wall.push(performance.now() - startedAt);
      const { user, system } = process.cpuUsage(cpuBefore);
      own.cpuMs += (user + system) / 1000 / rounds;
    }
  }
  return times;
}

/** A server has long merged what it wrote days ago. */
async function mergesDone(client: ClickHouseClient): Promise<void> {
  for (;;) {
    const found = await client.query({ query: "SELECT count() FROM system.merges", format: "TabSeparated" });
    if (Number(await found.text()) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function figuresOf(name: string, small: Measured, large: Measured) {
  const of = (asked: Asked) => asked.get(name)?.wall ?? [];
  const scanned = of(large.scanned);
  return {
    ms1M: p50(of(small.asked)),
    ms10M: p50(of(large.asked)),
    p95Ms10M: p95(of(large.asked)),
    cpuMs1M: rounded(small.asked.get(name)?.cpuMs ?? 0),
    cpuMs10M: rounded(large.asked.get(name)?.cpuMs ?? 0),
    scanMs10M: scanned.length === 0 ? null : p50(scanned),
  };
}

function allOf(asked: Asked): readonly number[] {
  return [...asked.values()].flatMap(({ wall }) => wall);
}

function cpuOf(asked: Asked): number {
  const all = [...asked.values()];
  return rounded(all.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / all.length);
}

const p50 = (times: readonly number[]): number => rounded(quantile(times, 0.5));
const p95 = (times: readonly number[]): number => rounded(quantile(times, 0.95));
