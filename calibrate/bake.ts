import { cutAfterPromotion, promiseOf } from "@perch/domain";
import { observeRollbackTest, openRollbackTest, rateLogLikelihood, ROLLBACK_LOG_ODDS } from "@perch/stats";
import { createEventQueue } from "./event-queue.ts";
import type { Member } from "./feed.ts";
import { createOutcomes } from "./outcomes.ts";
import { exponential, type Random } from "./random.ts";
import type { RolloutState } from "./rollout-state.ts";
import { MINUTE_MS, WINDOW_MS, type Outcome, type Run, type Scenario } from "./scenario.ts";

/** As the server has it where sessions are over after half an hour of silence: see `judge-alone.ts`. */
const PATIENCE_MS = 30 * MINUTE_MS + WINDOW_MS;
const PLANNED = 500;

type Promoted = { readonly state: RolloutState; readonly random: Random; readonly promotedAt: number };
type Ending = { readonly member: Member; readonly outcome: Outcome };

/** What becomes of a promotion while everybody meets the release; the whole run's ending. */
export function bake(scenario: Scenario, { state, random, promotedAt }: Promoted): Run {
  const outcomes = createOutcomes(scenario.gates);
  const due = createEventQueue<Ending>();
  const misled = createMisled(scenario);
  const waiting: Member[] = [];
  let [now, exposed] = [promotedAt, 0];

  while (state.bakes(now) !== null && exposed < (scenario.sessionsAfterPromotion ?? 0)) {
    now += exponential(random, MINUTE_MS / scenario.traffic.perMinute);
    for (let next = due.pop(now); next !== null; next = due.pop(now)) settle(next);
    look();
    exposed += 1;
    const arriving = { isCanary: true, at: now, nthInArm: exposed, weight: 1 };
    const member: Member = {
      assignment: exposed,
      arm: "canary",
      assignedAt: now,
      lastTurnAt: null,
      isEnded: false,
      matured: null,
    };
    waiting.push(member);
    const outcome = scenario.traffic.outcome(random, arriving);
    if (outcome.delayMs > 0) due.push(now + outcome.delayMs, { member, outcome });
    else settle({ member, outcome });
  }
  const ending = { ...state.ending(), hasNaiveFired: misled.hasFired(), harm: null, oracle: null };
  return { ...ending, exposed, afterMs: now - promotedAt };

  function settle({ member, outcome }: Ending): void {
    member.matured = outcomes(member, outcome);
    misled.ended((outcome.bad & 1) === 1);
  }

  function look(): void {
    const step = state.bakes(now);
    if (step === null) return;
    const settings = { isCutShort: false, now, maxBlockMs: WINDOW_MS, patienceMs: PATIENCE_MS };
    for (const members of cutAfterPromotion({ members: waiting, ...settings })) {
      waiting.splice(0, members.length);
      state.take({ step, members, assigned: { baseline: 0, canary: exposed } }, now);
    }
  }
}

/** The same test of the first gate's promise, in the order in which sessions end: those that end soon are too many. */
function createMisled({ gates }: Scenario) {
  const [gate] = gates;
  const terms = gate === undefined ? null : promiseOf(gate);
  const rejectsAt = -Math.log(gate?.alpha ?? 1);
  let test = openRollbackTest(PLANNED);
  return {
    ended(isBad: boolean): void {
      if (terms?.kind !== "rate") return;
      const seen = { sessions: 1, bad: isBad ? 1 : 0 };
      test = observeRollbackTest(test, rateLogLikelihood(seen, terms.bound, ROLLBACK_LOG_ODDS));
    },
    hasFired: () => test.peakLogE >= rejectsAt,
  };
}
