import type { Random } from "../fuzz/random.ts";
import { between, deal, oneOf } from "./draw.ts";

export type Ending =
  | "rollback"
  | "abort"
  /** By a person, or when the gates let the last step go. */
  | "promote"
  | "succeed"
  | "promoteAndRollBack"
  /** The next one takes its place. */
  | "supersede";

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
  /** The one before it is still under way, and gives way to it. */
  readonly replaces: boolean;
  /** Another one is applied meanwhile, and has to be refused. */
  readonly meetsAnother: boolean;
};

const ENDINGS: readonly Ending[] = [
  "rollback",
  "rollback",
  "abort",
  "promote",
  "succeed",
  "promoteAndRollBack",
  "supersede",
];
const WEIGHTS = [1, 2, 5, 10, 20, 25, 33.33, 50, 75, 90] as const;
const PARTITIONS = ["cutServer", "stallServer", "lateLease"] as const;
const SESSIONS_PER_ROLLOUT = 5000;
const [FEWEST, MOST] = [7, 20];

export const EXPECTED_PHASE: Readonly<Record<Ending, string>> = {
  rollback: "RolledBack",
  abort: "Aborted",
  promote: "Succeeded",
  succeed: "Succeeded",
  promoteAndRollBack: "RolledBack",
  supersede: "Superseded",
};

export function planRollouts(sessions: number, random: Random): PlannedRollout[] {
  const count = Math.min(MOST, Math.max(FEWEST, Math.round(sessions / SESSIONS_PER_ROLLOUT)));
  const endings = drawEndings(count, random);
  return Array.from({ length: count }, (_, index) => {
    const share = sessions / count;
    const ending = endings[index] ?? "rollback";
    const isTakenBack = ["RolledBack", "Aborted"].includes(EXPECTED_PHASE[ending]);
    return {
      name: `check-${index + 1}`,
      at: Math.floor(index * share),
      endAt: Math.floor((index + 0.3 + random(400) / 1000) * share),
      weights: drawWeights(random),
      stepMs: between(100, 1000, random),
      ending,
      endsIn: isTakenBack && random(2) === 0 ? { action: oneOf(PARTITIONS, random), gateway: random(3) } : null,
      pauses: random(3) === 0,
      replaces: endings[index - 1] === "supersede",
      meetsAnother: random(3) === 0,
    };
  });
}

/** Behind the last one there is nobody to take its place. */
function drawEndings(count: number, random: Random): readonly Ending[] {
  const dealt = deal(ENDINGS, random);
  const endings = Array.from({ length: count }, () => dealt.next().value);
  if (endings.at(-1) !== "supersede") return endings;
  const other = endings.findIndex((ending) => ending !== "supersede");
  return [...endings.slice(0, other), "supersede", ...endings.slice(other + 1, -1), endings[other] ?? "rollback"];
}

function drawWeights(random: Random): number[] {
  const drawn = new Set(Array.from({ length: between(2, 4, random) }, () => oneOf(WEIGHTS, random)));
  return [...drawn].sort((a, b) => a - b);
}
