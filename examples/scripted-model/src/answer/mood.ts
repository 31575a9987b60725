export type Mood = "calm" | "annoyed" | "upset";

const UPSET = /\b(furious|outrageous|unacceptable|terrible|awful|worst|disgrace\w*|angry|ridiculous)\b/i;
const ANNOYED = /\b(annoyed|annoying|frustrat\w*|disappointed|disappointing|unhappy|tired of|fed up)\b/i;

/** The mood that a message's own words show. */
export function moodOf(text: string): Mood {
  if (UPSET.test(text)) return "upset";
  return ANNOYED.test(text) ? "annoyed" : "calm";
}
