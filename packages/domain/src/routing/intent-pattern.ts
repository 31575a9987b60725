import { RoutingError } from "./error.ts";

const SEGMENT = "[A-Za-z0-9_-]{1,64}";
const INTENT = new RegExp(`^${SEGMENT}(?:\\.${SEGMENT}){0,7}$`);
const PATTERN = new RegExp(`^(?:\\*\\*|(?:${SEGMENT}|\\*)(?:\\.(?:${SEGMENT}|\\*)){0,7}(?:\\.\\*\\*)?)$`);

/** An intent is one to eight words joined by dots, such as `refund.status`. */
export function isIntent(text: string): boolean {
  return INTENT.test(text);
}

/** Throws `RoutingError` `rule_malformed`. */
export function checkIntentPattern(text: string): void {
  if (PATTERN.test(text)) return;
  throw new RoutingError({
    code: "rule_malformed",
    message: `found ${JSON.stringify(text.slice(0, 100))}, expected an intent such as "refund.status", or a pattern such as "refund.*" or "refund.**"`,
    hint: "`*` is any one word, a last `**` any rest, also none",
  });
}

/** `*` is any one word, a last `**` any rest, also none. */
export function matchesIntent(intent: string, pattern: string): boolean {
  const wanted = pattern.split(".");
  const isOpen = wanted.at(-1) === "**";
  if (isOpen) wanted.pop();
  const words = intent.split(".");
  if (words.length < wanted.length || (!isOpen && words.length > wanted.length)) return false;
  return wanted.every((want, index) => want === "*" || want === words[index]);
}
