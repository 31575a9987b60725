import {
  currentRelease,
  forecastRollout,
  knownBaseline,
  memoryProblems,
  speaksOf,
  type AgentRecord,
  type CohortSource,
  type Digest,
  type Forecast,
  type MaturedSession,
  type ReleaseContentSource,
  type ReleaseFactsSource,
  type RolloutPlan,
  type SessionSource,
} from "@perch/domain";
import { reasonOf } from "@perch/adapters/json-log";
import type { Book } from "../controller/book.ts";
import { ApiError } from "./api-error.ts";
import { checkToolsOf } from "./check-tools.ts";
import { parseRolloutFile, type ParsedRolloutFile } from "./parse-rollout-file.ts";
import { resolveRelease } from "./resolve-release.ts";

export type PlanRolloutDeps = {
  readonly book: Book;
  readonly contents: ReleaseContentSource;
  readonly facts: ReleaseFactsSource;
  readonly cohorts: Pick<CohortSource, "history">;
  readonly sessions: Pick<SessionSource, "releaseTraffic">;
  readonly idleTimeoutMs: () => number;
  readonly now: () => number;
};

const SESSIONS_READ = 2000;
/** Traffic is what it was in this time. */
const LATELY_MS = 3_600_000;
/** So few sessions say nothing about how long the rest take. */
const LEAST_SESSIONS = 20;

/** What a rollout file would do. Nothing is recorded. `traffic`: sessions a minute, instead of those seen lately. */
export async function planRollout(
  { text, traffic }: { readonly text: string; readonly traffic: number | null },
  deps: PlanRolloutDeps,
): Promise<Forecast> {
  const file = parseRolloutFile(text);
  const { plan, warnings } = file;
  const record = deps.book.agent(plan.agent);
  const measured = record === null ? 0 : await sessionsPerMinute(record, deps);
  const history = await baselineHistory(plan, record, deps);
  const notes = [
    ...warnings,
    ...agentWarnings(plan, record),
    ...silentGates(plan, history),
    ...(await memoryWarnings(plan, record, deps)),
    ...(await toolWarnings(file, record, deps)),
  ];
  return forecastRollout(plan, {
    sessionsPerMinute: traffic ?? measured,
    ...knownBaseline(plan.gates, history, plan.idleTimeoutMs ?? deps.idleTimeoutMs()),
    maturationMs: maturationOf(history) ?? plan.idleTimeoutMs ?? deps.idleTimeoutMs(),
    warnings: notes,
  });
}

/** `?traffic=` as a number. Throws `ApiError`. */
export function parseTraffic(text: string | undefined): number | null {
  if (text === undefined || text === "") return null;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new ApiError({
    status: 400,
    code: "query_malformed",
    message: `found ?traffic=${text.slice(0, 100)}, expected sessions a minute, more than 0`,
    hint: "leave it out to reckon with the traffic seen lately",
  });
}

/** Of the last hour, or of the time since the agent was first admitted if that is less. */
async function sessionsPerMinute(
  { agent, releases }: AgentRecord,
  { sessions, now }: PlanRolloutDeps,
): Promise<number> {
  const since = Math.max(now() - LATELY_MS, Math.min(...releases.map(({ admittedAt }) => admittedAt)));
  const minutes = Math.max(1, (now() - since) / 60_000);
  const traffic = await sessions.releaseTraffic({ agent, since, liveSince: now() });
  return traffic.reduce((sum, { newSessions }) => sum + newSessions, 0) / minutes;
}

async function baselineHistory(
  plan: RolloutPlan,
  record: AgentRecord | null,
  { book, cohorts, now }: PlanRolloutDeps,
): Promise<readonly MaturedSession[]> {
  const baseline = record === null ? null : currentRelease(record, book.rollouts());
  if (baseline === null) return [];
  const sessions = await cohorts.history({ agent: plan.agent, before: now(), limit: SESSIONS_READ });
  return sessions.filter(({ release }) => release === baseline);
}

/** The middle one, so that a session that hung over night does not count for a hundred. */
function maturationOf(history: readonly MaturedSession[]): number | null {
  if (history.length < LEAST_SESSIONS) return null;
  const times = history.map(({ startedAt, maturedAt }) => maturedAt - startedAt).toSorted((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? null;
}

function agentWarnings({ agent }: RolloutPlan, record: AgentRecord | null): readonly string[] {
  if (record?.first != null) return [];
  return [`nothing of the agent ${agent} is deployed yet: deploy its current release first`];
}

/** A metric that says nothing about the baseline will say nothing about the canary beside it. */
function silentGates(plan: RolloutPlan, history: readonly MaturedSession[]): readonly string[] {
  if (history.length < LEAST_SESSIONS) return [];
  return plan.gates
    .filter((gate) => !history.some((session) => speaksOf(gate, session)))
    .map((gate) => {
      const waits = gate.role === "guardrail" ? "no step would ever be left" : "it would never say anything";
      return `the gate ${gate.name} has produced nothing in the baseline's last ${history.length} sessions: ${waits}`;
    });
}

/** Throws `ApiError` where none of the tools could be asked what the file has them asked. */
async function toolWarnings(
  file: ParsedRolloutFile,
  record: AgentRecord | null,
  { book, facts }: PlanRolloutDeps,
): Promise<readonly string[]> {
  const { plan } = file;
  const current = record === null ? null : currentRelease(record, book.rollouts());
  const baseline = current === null ? [] : [{ kind: "digest" as const, agent: plan.agent, digest: current }];
  return await checkToolsOf(file, [...baseline, resolveRelease(plan.release, book)], { record, facts });
}

/** Both ways: the canary meets what the baseline wrote, and after a rollback the baseline meets what the canary wrote. */
async function memoryWarnings(
  plan: RolloutPlan,
  record: AgentRecord | null,
  { book, contents }: PlanRolloutDeps,
): Promise<readonly string[]> {
  const baseline = record === null ? null : currentRelease(record, book.rollouts());
  if (baseline === null) return [];
  try {
    const read = (digest: Digest) => contents.read({ kind: "digest", agent: plan.agent, digest });
    const [before, after] = await Promise.all([read(baseline), contents.read(resolveRelease(plan.release, book))]);
    return [
      ...memoryProblems(before, after).map((words) => `memory, from the baseline to the canary: ${words}`),
      ...memoryProblems(after, before).map((words) => `memory, back from the canary to the baseline: ${words}`),
    ];
  } catch (error) {
    return [`the releases cannot be compared: ${reasonOf(error)}`];
  }
}
