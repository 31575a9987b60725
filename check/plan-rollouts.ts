import type { Random } from "../fuzz/random.ts";
import { between, deal, oneOf } from "./draw.ts";

export type Ending =
  | "rollback"
  | "abort"
  /** By a person, or when the gates let the last step go. */
  | "promote"
  | "succeed"
  | "promoteAndRollBack";

export type PlannedRollout = {
  readonly name: string;
  /** So many sessions have begun when it is applied, and when it is ended. */
  readonly at: number;
  readonly endAt: number;
  readonly weights: readonly number[];
  readonly stepMs: number;
  readonly ending: Ending;
  /** What a partition right before its end does to gateways; null: nothing. */
  readonly endsIn: { readonly action: "cutServer" | "stallServer" | "lateLease"; readonly gateway: number } | null;
  readonly pauses: boolean;
  /** Another one is applied meanwhile, and has to be refused. */
  readonly meetsAnother: boolean;
};

const ENDINGS: readonly Ending[] = ["rollback", "rollback", "abort", "promote", "succeed", "promoteAndRollBack"];
const WEIGHTS = [1, 2, 5, 10, 20, 25, 33.33, 50, 75, 90] as const;
const PARTITIONS = ["cutServer", "stallServer", "lateLease"] as const;
const SESSIONS_PER_ROLLOUT = 5000;
const [FEWEST, MOST] = [6, 20];

export const EXPECTED_PHASE: Readonly<Record<Ending, string>> = {
  rollback: "RolledBack",
  abort: "Aborted",
  promote: "Succeeded",
  succeed: "Succeeded",
  promoteAndRollBack: "RolledBack",
};

export function planRollouts(sessions: number, random: Random): PlannedRollout[] {
  const count = Math.min(MOST, Math.max(FEWEST, Math.round(sessions / SESSIONS_PER_ROLLOUT)));
  const endings = deal(ENDINGS, random);
  return Array.from({ length: count }, (_, index) => {
    const share = sessions / count;
    const ending = endings.next().value;
    const isTakenBack = EXPECTED_PHASE[ending] !== "Succeeded";
    return {
      name: `check-${index + 1}`,
      at: Math.floor(index * share),
      endAt: Math.floor((index + 0.3 + random(400) / 1000) * share),
      weights: drawWeights(random),
      stepMs: between(100, 1000, random),
      ending,
      endsIn: isTakenBack && random(2) === 0 ? { action: oneOf(PARTITIONS, random), gateway: random(3) } : null,
      pauses: random(3) === 0,
      meetsAnother: random(3) === 0,
    };
  });
}

function drawWeights(random: Random): number[] {
  const drawn = new Set(Array.from({ length: between(2, 4, random) }, () => oneOf(WEIGHTS, random)));
  return [...drawn].sort((a, b) => a - b);
}
