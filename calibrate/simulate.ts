import { createEventQueue } from "./event-queue.ts";
import { createFeed, type Feed, type Member } from "./feed.ts";
import { createOracle, letOracleFinish } from "./oracle.ts";
import { createOutcomes } from "./outcomes.ts";
import { exponential, type Random } from "./random.ts";
import { openRollout, type Routed } from "./rollout-state.ts";
import { MINUTE_MS, WINDOW_MS, type Outcome, type Run, type Scenario } from "./scenario.ts";

type Matured = { readonly member: Member; readonly feed: Feed; readonly outcome: Outcome };

/** One rollout from its start to its decision: the real reducer, blocks, gates and error budget, and simulated sessions. */
export function simulate(scenario: Scenario, random: Random): Run {
  const state = openRollout(scenario);
  const outcomes = createOutcomes(scenario.gates);
  const oracle = createOracle(scenario);
  const due = createEventQueue<Matured>();
  const feeds = scenario.steps.map((_, step) => createFeed({ step, gates: scenario.gates, windowMs: WINDOW_MS }));
  const seen = { baseline: 0, canary: 0 };
  let [now, assignment, nextLook] = [0, 0, WINDOW_MS];

  while (state.weight() !== null && seen.canary < scenario.mostCanarySessions && now < scenario.mostMs) {
    now += exponential(random, MINUTE_MS / scenario.traffic.perMinute);
    for (let next = due.pop(now); next !== null; next = due.pop(now)) {
      next.feed.mature(next.member, outcomes(next.member.arm, next.outcome.bad));
    }
    for (; nextLook <= now; nextLook += WINDOW_MS) {
      if (scenario.looks === "every-window") look(nextLook);
      oracle.look(seen.canary);
    }
    if (scenario.looks === "every-session") look(now);
    const routed = state.weight();
    if (routed !== null) assign(routed);
  }
  const ending = { ...state.ending(), exposed: seen.canary, afterMs: now };
  letOracleFinish(oracle, scenario, { random, now, nextLook, canarySessions: seen.canary });
  return { ...ending, oracle: oracle.rejectedAt() };

  function look(at: number): void {
    for (const feed of feeds) for (const block of feed.close(at)) state.take(block, at);
    state.tick(at);
  }

  function assign({ step, weight }: Routed): void {
    const feed = feeds[step];
    if (feed === undefined) return;
    const isCanary = random() < weight;
    const arm = isCanary ? "canary" : "baseline";
    const outcome = scenario.traffic.outcome(random, { isCanary, at: now, nthInArm: seen[arm], weight });
    seen[arm] += 1;
    const member: Member = { assignment: (assignment += 1), arm, assignedAt: now, matured: null };
    feed.add(member);
    if (outcome.delayMs > 0) due.push(now + outcome.delayMs, { member, feed, outcome });
    else feed.mature(member, outcomes(arm, outcome.bad));
    if (isCanary) oracle.see((outcome.bad & 1) === 1, seen.canary);
  }
}
