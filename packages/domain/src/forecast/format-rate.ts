/** A share as a forecast says it, in percent. */
export function formatRate(rate: number): string {
  return `${Number((100 * rate).toPrecision(3))} %`;
}
