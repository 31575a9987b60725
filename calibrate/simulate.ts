import type { GateAge, SignsOfLife } from "@perch/domain";
import { bake } from "./bake.ts";
import { createEventQueue } from "./event-queue.ts";
import { createBlockFeed, createLandmarkFeed, type Member } from "./feed.ts";
import { createHeard } from "./heard.ts";
import { createNaive, type NaiveRule } from "./naive.ts";
import { createHarmLog, type HarmLog } from "./harm.ts";
import { createOracle, letOracleFinish, type Oracle } from "./oracle.ts";
import { createOutcomes } from "./outcomes.ts";
import { exponential, type Random } from "./random.ts";
import { openRollout, type Routed } from "./rollout-state.ts";
import { HORIZON_WINDOWS, MINUTE_MS, WINDOW_MS, type Outcome, type Run, type Scenario } from "./scenario.ts";

/** A session that is under way; one from before the start is in no block. */
type UnderWay = { readonly isCanary: boolean; readonly outcome: Outcome; readonly place: Place | null };
type Place = { readonly member: Member; readonly feeds: StepFeeds };

/** One rollout from its start to its decision: the real reducer, blocks, gates and error budget, and simulated sessions. */
export function simulate(scenario: Scenario, random: Random): Run {
  const state = openRollout(scenario);
  const oracle = createOracle(scenario);
  const naive = naiveOf(scenario);
  const harmLog = createHarmLog(scenario, HORIZON_WINDOWS * WINDOW_MS);
  const sessions = createSessions(scenario, { random, oracle, naive, harmLog, ages: state.ages });
  const { seen } = sessions;
  let [now, nextLook] = [-(scenario.warmUpMs ?? 0), WINDOW_MS];

  while (state.weight() !== null && seen.canary < scenario.mostCanarySessions && now < scenario.mostMs) {
    now += exponential(random, MINUTE_MS / scenario.traffic.perMinute);
    sessions.settleDue(now);
    for (; nextLook <= now; nextLook += WINDOW_MS) {
      if (scenario.looks === "every-window") look(nextLook);
      oracle.look(seen.canary);
      naive?.windowEnded();
    }
    if (scenario.looks === "every-session") look(now);
    const routed = state.weight();
    if (routed !== null) sessions.begin(routed, now);
  }
  if (state.bakes(now) !== null) return bake(scenario, { state, random, promotedAt: now });
  const hasNaiveFired = hasFired(naive);
  const ending = { ...state.ending(), exposed: seen.canary, afterMs: now, hasNaiveFired, harm: harmLog.harm() };
  letOracleFinish(oracle, scenario, { random, now, nextLook, canarySessions: seen.canary });
  return { ...ending, oracle: oracle.rejectedAt() };

  function look(at: number): void {
    for (const { blocks, atAges } of sessions.feeds) {
      for (const block of blocks.close(at)) state.take(block, at);
      for (const feed of atAges) for (const reading of feed.close(at)) state.takeAtAge(reading, at);
    }
    state.tick(at);
  }
}

function hasFired(naive: NaiveRule | null): boolean | null {
  return naive === null ? null : naive.hasFired();
}

function naiveOf({ naive }: Scenario): NaiveRule | null {
  return naive === undefined ? null : createNaive(naive);
}

const UNDER_WAY = { lastTurnAt: null, isEnded: false, matured: null } as const;

type Watchers = {
  readonly random: Random;
  readonly oracle: Oracle;
  readonly naive: NaiveRule | null;
  readonly harmLog: HarmLog;
  readonly ages: readonly GateAge[];
};

/** A step's sessions, on their way into blocks and into the readings of each gate that has an age. */
type StepFeeds = ReturnType<typeof createFeeds>;

function createFeeds(step: number, ages: readonly GateAge[], heard: () => SignsOfLife) {
  return { blocks: createBlockFeed(step), atAges: ages.map((age) => createLandmarkFeed(step, age, heard)) };
}

/** Sessions from their assignment until their outcome is known. */
function createSessions(scenario: Scenario, { random, oracle, naive, harmLog, ages }: Watchers) {
  const outcomes = createOutcomes(scenario.gates);
  const due = createEventQueue<UnderWay>();
  const heard = createHeard();
  const feeds = scenario.steps.map((_, step) => createFeeds(step, ages, () => heard.signs()));
  const seen = { baseline: 0, canary: 0 };
  let assignment = 0;

  function settle({ isCanary, outcome, place }: UnderWay): void {
    naive?.ended({ isCanary, isBad: (outcome.bad & 1) === 1, measured: outcome.measured ?? {} });
    if (place === null) return;
    const session = outcomes(place.member, outcome);
    heard.note(place.member.arm, place.member.assignedAt + outcome.delayMs);
    for (const feed of [place.feeds.blocks, ...place.feeds.atAges]) feed.mature(place.member, session);
  }

  return {
    seen,
    feeds,
    begin({ step, weight }: Routed, now: number): void {
      const own = feeds[step];
      if (own === undefined) return;
      const hasStarted = now >= 0;
      const isCanary = hasStarted && random() < (scenario.routedShare ?? weight);
      const arm = isCanary ? "canary" : "baseline";
      const arriving = { isCanary, at: now, nthInArm: seen[arm], weight };
      const outcome = scenario.traffic.outcome(random, arriving);
      harmLog.see(arriving, outcome);
      const member: Member = { ...UNDER_WAY, assignment: (assignment += 1), arm, assignedAt: now };
      if (hasStarted) {
        seen[arm] += 1;
        for (const feed of [own.blocks, ...own.atAges]) feed.add(member);
      }
      const session = { isCanary, outcome, place: hasStarted ? { member, feeds: own } : null };
      if (outcome.delayMs > 0) due.push(now + outcome.delayMs, session);
      else settle(session);
      if (isCanary) oracle.see((outcome.bad & 1) === 1, seen.canary);
    },
    settleDue(now: number): void {
      for (let next = due.pop(now); next !== null; next = due.pop(now)) settle(next);
    },
  };
}
