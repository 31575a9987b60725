/** How much two bags of words have in common: twice the common ones by all (Dice), 0 to 1; null when both are empty. */
export function similarityOf(a: readonly string[], b: readonly string[]): number | null {
  if (a.length + b.length === 0) return null;
  const counts = new Map<string, number>();
  for (const word of a) counts.set(word, (counts.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of b) {
    const left = counts.get(word) ?? 0;
    if (left === 0) continue;
    counts.set(word, left - 1);
    common += 1;
  }
  return (2 * common) / (a.length + b.length);
}

/** The words of a text or a name, in lower case: `refundOrder`, `refund_order` and "Refund order." have the same two. */
export function wordsOf(text: string): readonly string[] {
  return (
    text
      .replace(/(\p{Ll}|\d)(\p{Lu})/gu, "$1 $2")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}
