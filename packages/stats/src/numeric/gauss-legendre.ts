const NODES = 60;
const PRECISION = 1e-15;

type Node = { readonly at: number; readonly weight: number };

const RULE = rule();

/**
 * ∫ f over each panel between neighbouring cuts, summed: the 60-node Gauss–Legendre rule on every panel, exact for
 * polynomials of degree 119. Cuts that do not rise count for nothing. Source: NIST DLMF 3.5.v; nodes by Newton's method.
 */
export function integrate(f: (x: number) => number, cuts: readonly number[]): number {
  let sum = 0;
  for (const [i, low] of cuts.slice(0, -1).entries()) {
    const half = ((cuts[i + 1] ?? low) - low) / 2;
    if (!(half > 0)) continue;
    for (const { at, weight } of RULE) sum += half * weight * f(low + half * (at + 1));
  }
  return sum;
}

function rule(): readonly Node[] {
  return Array.from({ length: NODES }, (_, i) => {
    let at = Math.cos((Math.PI * (i + 0.75)) / (NODES + 0.5));
    for (;;) {
      const { value, slope } = legendre(at);
      const step = value / slope;
      at -= step;
      if (Math.abs(step) < PRECISION) return { at, weight: 2 / ((1 - at * at) * legendre(at).slope ** 2) };
    }
  });
}

/** P_60 and its derivative, by the three-term recurrence. */
function legendre(x: number): { readonly value: number; readonly slope: number } {
  let before = 1;
  let value = x;
  for (let n = 2; n <= NODES; n += 1) {
    [before, value] = [value, ((2 * n - 1) * x * value - (n - 1) * before) / n];
  }
  return { value, slope: (NODES * (x * value - before)) / (x * x - 1) };
}
