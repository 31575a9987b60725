import { classifierAtCanary, type Rollout } from "@perch/domain";
import { ApiError } from "./api-error.ts";

/** Throws when the rollout's classifier is asked where its canary runs: the canary would choose its own sessions. */
export function refuseClassifierOfCanary(
  { plan, canary }: Pick<Rollout, "plan" | "canary">,
  urls: readonly string[],
): void {
  const url = classifierAtCanary(plan, urls);
  if (url === null) return;
  throw new ApiError({
    status: 409,
    code: "classifier_of_canary",
    message: `the classifier of rollout ${plan.name} is asked at ${url}, where its canary ${plan.agent}@${canary.version} runs, expected one outside of the canary`,
    hint: "a canary that classifies would choose the sessions it is judged by: name another classifier, or write `classifier: baseline`",
  });
}
