export { createLexiconScorer } from "./lexicon-scorer.ts";
export { createSentimentScorer } from "./sentiment-scorer.ts";
