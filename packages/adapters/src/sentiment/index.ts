export { createLexiconScorer } from "./lexicon-scorer.ts";
