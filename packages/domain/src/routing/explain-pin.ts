import { explainExclusion, explainKey } from "./explain-targeting.ts";
import { BUCKETS } from "./assign.ts";
import type { PinMove } from "./move.ts";
import type { Pin } from "./pin-store.ts";

/** Why a session is where it is, as one sentence for a person. */
export function explainPin(pin: Pin): string {
  if (pin.moved !== null) return explainMove(pin.moved);
  if (pin.override !== null) return `override token ${pin.override} chose its release, whatever the weights said`;
  const exclusion = pin.targeting === null ? null : explainExclusion(pin.targeting);
  if (exclusion !== null) return exclusion;
  if (pin.bucket === null) return "no rollout was under way, so it went to its gateway's current release";
  if (pin.rollout === null || pin.weightBp === null) {
    return `the gateway's lease had run out, so it went to the baseline whatever its bucket (${pin.bucket})`;
  }
  const [comparison, place] = pin.arm === "canary" ? ["below", "the canary"] : ["not below", "the baseline"];
  // A pin that came back from its client does not bring the seed along.
  const seed = pin.seed === null ? "its rollout's seed" : `seed ${JSON.stringify(pin.seed)}`;
  return (
    `${explainKey(pin.targeting)}bucket ${pin.bucket} of ${seed} is ${comparison} the weight of ${pin.weightBp} basis points ` +
    `${placeIn(pin)} rollout ${pin.rollout}, so it went to ${place}`
  );
}

/** No step has a weight of everybody: that is a promotion, of which sessions are told apart for as long as it bakes. */
function placeIn({ step, weightBp }: Pin): string {
  return weightBp === BUCKETS ? "since the promotion of" : `at step ${(step ?? 0) + 1} of`;
}

const AT: Readonly<Record<PinMove["boundary"], string>> = {
  agent: "where its agent said that it was safe",
  idle: "after it had been quiet for long enough",
  none: "between two turns",
};

function explainMove({ move, mode, boundary, from, at, times }: PinMove): string {
  const again = times === 1 ? "" : ` (its move number ${times})`;
  return `move ${move} (${mode}) took it away from ${from} at ${new Date(at).toISOString()}, ${AT[boundary]}${again}`;
}
