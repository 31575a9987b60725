/** Session outcomes and the evidence they give, made up from a seed: for tests and for the preview, never for real pages. */
export type SampleTrail = {
  readonly canaryBad: number;
  readonly baselineBad: number;
  readonly history: readonly { readonly canarySessions: number; readonly logE: number }[];
};

const ODDS_RATIOS = [1.2, 1.5, 2, 3, 5, 10] as const;

/** A mixture of likelihood ratios against a known baseline rate: simpler than the gates' own, and it looks the same. */
export function sampleTrail(input: {
  readonly seed: number;
  readonly baselineRate: number;
  readonly canaryRate: number;
  readonly canarySessions: number;
  readonly baselineSessions: number;
}): SampleTrail {
  const random = createRandom(input.seed);
  const odds = input.baselineRate / (1 - input.baselineRate);
  const wealth = ODDS_RATIOS.map(() => 0);
  const history: { canarySessions: number; logE: number }[] = [];
  let canaryBad = 0;
  for (let session = 1; session <= input.canarySessions; session += 1) {
    const isBad = random() < input.canaryRate;
    if (isBad) canaryBad += 1;
    ODDS_RATIOS.forEach((ratio, index) => {
      const rate = (odds * ratio) / (1 + odds * ratio);
      const factor = isBad ? rate / input.baselineRate : (1 - rate) / (1 - input.baselineRate);
      wealth[index] = (wealth[index] ?? 0) + Math.log(factor);
    });
    if (session % 2 === 0 || session === input.canarySessions) {
      history.push({ canarySessions: session, logE: logMean(wealth) });
    }
  }
  return { canaryBad, baselineBad: Math.round(input.baselineSessions * input.baselineRate), history };
}

/** Mulberry32: small, seeded, good enough to draw with. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function logMean(logs: readonly number[]): number {
  const largest = Math.max(...logs);
  return largest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - largest), 0) / logs.length);
}
