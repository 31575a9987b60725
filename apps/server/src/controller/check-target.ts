import { rollbackPolicy, urlsOf, type Rollout, type RolloutId, type TargetProbe } from "@perch/domain";
import type { Book } from "./book.ts";
import type { TurnCounts } from "./turn-counts.ts";

export type CheckTargetDeps = {
  readonly book: Book;
  readonly probe: TargetProbe;
  readonly turnCounts: Pick<TurnCounts, "within">;
  readonly now: () => number;
};

/** Turns that the target has just served say more than any question. */
const [WINDOW_MS, MIN_TURNS, MOST_FAILED] = [30_000, 10, 0.5];

/**
 * Looks whether the release that a rollback leads to answers, and records it if that has changed. Where the file does not ask
 * for it, nobody looks.
 */
export async function checkTarget(id: RolloutId, deps: CheckTargetDeps): Promise<void> {
  const rollout = deps.book.held(id)?.rollout;
  if (rollout === undefined || !rollbackPolicy(rollout.plan).requiresHealthyTarget) return;
  const problem = await problemOf(rollout, deps);
  await deps.book.record(id, {
    type: "targetChecked",
    at: deps.now(),
    isHealthy: problem === null,
    detail: problem ?? "",
  });
}

async function problemOf({ plan, baseline }: Rollout, deps: CheckTargetDeps): Promise<string | null> {
  const { agent } = plan;
  const record = deps.book.agent(agent);
  const urls = record === null ? [] : urlsOf(baseline.digest, record);
  if (urls.length === 0) return `${agent}@${baseline.version} has no deployment`;
  const { turns, failed } = deps.turnCounts.within({ agent, release: baseline.digest }, WINDOW_MS);
  if (turns >= MIN_TURNS) {
    return failed / turns > MOST_FAILED ? `${failed} of the last ${turns} turns of ${baseline.version} failed` : null;
  }
  const answers = await Promise.all(urls.map((url) => deps.probe.ask(url)));
  const silent = answers.flatMap((answer) => (answer.kind === "silent" ? [answer.because] : []));
  return silent.length < answers.length ? null : silent.join("; ");
}
