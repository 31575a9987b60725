const PER_TERM = 2 ** 32;

/** What numbers of a term begin after: four billion for each, and exact in a double for two million terms. */
export function numbersAfter(epoch: number): number {
  return epoch * PER_TERM;
}
