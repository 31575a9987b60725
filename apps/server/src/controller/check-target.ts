import { rollbackPolicy, urlsOf, type Rollout, type RolloutId, type TargetProbe, type TurnCount } from "@perch/domain";
import type { Book } from "./book.ts";
import type { TurnCounts } from "./turn-counts.ts";

export type CheckTargetDeps = {
  readonly book: Book;
  readonly probe: TargetProbe;
  readonly turnCounts: Pick<TurnCounts, "within">;
  readonly now: () => number;
};

/** Turns speak against the target for half a minute, and for it only while it can hardly have gone since. */
const AGAINST = { windowMs: 30_000, minTurns: 10 };
const FOR = { windowMs: 5000, minTurns: 3 };
const MOST_FAILED = 0.5;

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

async function problemOf(rollout: Rollout, deps: CheckTargetDeps): Promise<string | null> {
  const { plan, baseline } = rollout;
  const { agent } = plan;
  const record = deps.book.agent(agent);
  const urls = record === null ? [] : urlsOf(baseline.digest, record);
  if (urls.length === 0) return `${agent}@${baseline.version} has no deployment`;
  const target = { agent, release: baseline.digest };
  // What was served where it ran before says nothing of where it runs now.
  const deployedForMs = deps.now() - targetDeployedAt(rollout, deps.book);
  const against = deps.turnCounts.within(target, Math.min(AGAINST.windowMs, deployedForMs));
  if (isFailing(against, AGAINST.minTurns)) {
    return `${against.failed} of the last ${against.turns} turns of ${baseline.version} failed`;
  }
  const lately = deps.turnCounts.within(target, Math.min(FOR.windowMs, deployedForMs));
  if (lately.turns >= FOR.minTurns && !isFailing(lately, FOR.minTurns)) return null;
  const answers = await Promise.all(urls.map((url) => deps.probe.ask(url)));
  const silent = answers.flatMap((answer) => (answer.kind === "silent" ? [answer.because] : []));
  return silent.length < answers.length ? null : silent.join("; ");
}

/** When the place was last changed of the release that a rollback leads to, epoch ms; -Infinity when it has none. */
export function targetDeployedAt({ plan, baseline }: Rollout, book: Pick<Book, "agent">): number {
  const deployments = book.agent(plan.agent)?.deployments ?? [];
  const own = deployments.filter(({ release }) => release === baseline.digest);
  return Math.max(...own.map(({ registeredAt }) => registeredAt));
}

function isFailing({ turns, failed }: TurnCount, minTurns: number): boolean {
  return turns >= minTurns && failed / turns > MOST_FAILED;
}
