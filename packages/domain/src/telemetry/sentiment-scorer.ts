/**
 * How a text sounds, from −1 (angry) over 0 (neutral, or no known word) to 1 (delighted). Pure and local: the text goes
 * nowhere and is forgotten. Meaningful between arms, not as an absolute.
 */
export interface SentimentScorer {
  scoreOf(text: string): number;
}
