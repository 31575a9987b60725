import { moveTo, note } from "./move-to.ts";
import { pauseFor } from "./pause-for.ts";
import { isOnStep } from "./phase-groups.ts";
import { rollbackPolicy } from "./policies.ts";
import { rollBack } from "./roll-back.ts";
import type { Rollout } from "./rollout.ts";

/** Why the canary is to be taken back. Without culprits nobody blames it. */
export type Sentence = { readonly at: number; readonly culprits: readonly string[]; readonly reason: string };

/**
 * What evidence against the canary leads to: rows 11, 18 and 18b of the state table. A person decides where rollbacks are not
 * automatic; a gate that freezes only stops; and an undo window comes before the rest.
 */
export function condemn(rollout: Rollout, sentence: Sentence): Rollout {
  const { plan } = rollout;
  if (rollout.announcement !== null) return rollout;
  if (!plan.isRollbackAutomatic) return hold(rollout, "guardrail", sentence);
  if (isFreezing(rollout, sentence.culprits)) return hold(rollout, "frozen", sentence);
  return rollbackPolicy(plan).undoWindowMs > 0 ? announce(rollout, sentence) : carryOut(rollout, sentence);
}

/**
 * Back to the baseline; but while that is known not to answer, nobody is sent there by a machine: what was decided is carried
 * out when it answers again.
 */
export function carryOut(rollout: Rollout, sentence: Sentence): Rollout {
  if (rollout.targetProblem === null) return rollBack(rollout, { ...sentence, actor: "controller" });
  const { at, culprits, reason } = sentence;
  const announcement = rollout.announcement ?? { announcedAt: at, executesAt: at, culprits, reason };
  return hold(
    announcement === rollout.announcement ? rollout : { ...rollout, announcement },
    "targetUnhealthy",
    sentence,
  );
}

/** What was announced, once its time has come; else the same object. */
export function carryOutAnnounced(rollout: Rollout, at: number): Rollout {
  const { announcement } = rollout;
  if (announcement === null || at < announcement.executesAt) return rollout;
  const { culprits, reason } = announcement;
  return carryOut(rollout, { at, culprits, reason });
}

function announce(rollout: Rollout, { at, culprits, reason }: Sentence): Rollout {
  const executesAt = at + rollbackPolicy(rollout.plan).undoWindowMs;
  const announced: Rollout = { ...rollout, announcement: { announcedAt: at, executesAt, culprits, reason } };
  const text = `rolls back at ${new Date(executesAt).toISOString()} unless it is undone: ${reason}`;
  const { phase } = rollout;
  if (!isOnStep(phase)) return note({ ...announced, reason: text }, { at, text, news: "paused" });
  // Its clock starts anew if it is undone: nobody new has met the canary in between.
  const { step } = phase;
  const paused = {
    kind: "Paused",
    step,
    startedAt: null,
    routedStep: null,
    why: "undoWindow",
    gates: culprits,
  } as const;
  return moveTo(announced, paused, { at, reason: text, text });
}

function isFreezing({ plan }: Rollout, culprits: readonly string[]): boolean {
  const freezes = (name: string): boolean => plan.gates.some((gate) => gate.name === name && gate.freezes === true);
  return culprits.length > 0 && culprits.every(freezes);
}

const WHY = {
  guardrail: "this rollout does not roll back on its own",
  frozen: "going back would be worse, so it stops here",
  targetUnhealthy: "it is not rolled back before the baseline answers",
} as const;

/** Where it stands. A promoted canary serves everybody: there is no weight to hold, so that is only said, once. */
function hold(rollout: Rollout, why: keyof typeof WHY, { at, culprits, reason }: Sentence): Rollout {
  const { phase } = rollout;
  const problem = why === "targetUnhealthy" ? ` (${rollout.targetProblem})` : "";
  const text = `${reason}; ${WHY[why]}${problem}`;
  if (isOnStep(phase)) {
    const isHeld = phase.kind === "Paused" && phase.why === why;
    return isHeld ? rollout : pauseFor(rollout, phase, { at, why, gates: culprits, reason: text });
  }
  return rollout.reason === text ? rollout : note({ ...rollout, reason: text }, { at, text, news: "paused" });
}
