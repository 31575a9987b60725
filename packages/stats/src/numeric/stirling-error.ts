/**
 * ln z! − (½ ln(2πz) + z ln z − z): what Stirling's formula lacks, for z ≥ 16 by its series
 * 1/(12z) − 1/(360z³) + 1/(1260z⁵) − 1/(1680z⁷) + 1/(1188z⁹). The first term left out is below 1e-15 at 16.
 * Source: NIST DLMF 5.11.1; Loader 2000, "Fast and accurate computation of binomial probabilities".
 */
export function stirlingError(z: number): number {
  const square = z * z;
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / z;
}
