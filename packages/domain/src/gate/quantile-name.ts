/** 0.95 as `p95`, 0.999 as `p99.9`. */
export function quantileName(q: number): string {
  return `p${Number((100 * q).toFixed(4))}`;
}
