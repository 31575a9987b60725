/** How a system prompt leans, read from its words. */
export type Tendencies = {
  /** 0 = hands over only for its own reasons; 1 = hands over whoever sounds upset, whatever could be done for them. */
  readonly handOver: number;
  /** The prompt forbids handing over altogether. */
  readonly isHandOverForbidden: boolean;
  readonly isEmpathetic: boolean;
  readonly isBrief: boolean;
};

const MOOD = /\b(upset|frustrat\w*|angry|anger|annoyed|unhappy|disappointed|distress\w*)\b/i;
const HAND_OVER = /\b(hand\w*\b.{0,60}\bover|escalat\w*|human|colleague|real person)\b/i;
const RESTRAINT = /\b(only|never|do not|don't|unless|avoid|no matter how)\b/i;
const FORBIDDEN = /\b(never|do not ever|under no circumstances)\b/i;
const HURRY = /\b(right away|straight away|immediately|at once|before anything else)\b/i;
const EVEN_IF_SOLVABLE = /\b(always|whenever|even if|even when)\b/i;
const EMPATHY = /\b(empath\w*|warmly|warmth|feel heard)\b/i;
const BREVITY = /\b(brief|briefly|concise|short|two sentences)\b/i;

/**
 * Sentences that tie a customer's mood to a hand-over count 0.6, and 0.25 more each for hurry and for "even if it could
 * be solved"; a sentence that restrains ("only", "never") does not count. The sum is cut at 1.
 */
export function tendenciesOf(systemPrompt: string): Tendencies {
  let handOver = 0;
  let isHandOverForbidden = false;
  for (const sentence of sentencesOf(systemPrompt)) {
    if (!HAND_OVER.test(sentence)) continue;
    if (FORBIDDEN.test(sentence) && !MOOD.test(sentence)) isHandOverForbidden = true;
    if (!MOOD.test(sentence) || RESTRAINT.test(sentence)) continue;
    handOver += 0.6 + (HURRY.test(sentence) ? 0.25 : 0) + (EVEN_IF_SOLVABLE.test(sentence) ? 0.25 : 0);
  }
  return {
    handOver: Math.min(1, handOver),
    isHandOverForbidden,
    isEmpathetic: EMPATHY.test(systemPrompt),
    isBrief: BREVITY.test(systemPrompt),
  };
}

function sentencesOf(text: string): readonly string[] {
  // Prompts are wrapped Markdown: only a blank line or a list mark ends a sentence that has no full stop.
  return text
    .replace(/\n\s*(?=[-*#\n])/g, ". ")
    .replace(/\s+/g, " ")
    .split(/(?<=[.!?])\s/);
}
