import type { Scorer } from "@perch/domain";

/** Of the lexicon and of how it is read; a change of either is another yardstick. */
const VERSION = "afinn-165-1";

/**
 * The mean mood of the user's own words over the turns that have any, as the score `sentiment`, −1 to 1. The words
 * themselves were read and forgotten when their spans came (`SentimentScorer`).
 */
export function createSentimentScorer(name: string): Scorer {
  return {
    name,
    version: VERSION,
    async score({ turns }) {
      const moods = turns.flatMap(({ userSentiment }) => userSentiment ?? []);
      if (moods.length === 0) return { kind: "unscored", because: "no words of the user are known" };
      const value = moods.reduce((sum, mood) => sum + mood, 0) / moods.length;
      return { kind: "scored", scores: [{ name: "sentiment", value, label: null }], costUsd: null };
    },
  };
}
