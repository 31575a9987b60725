/** `*` stands for any characters, also none; everything else for itself. Takes no more than pattern times text steps. */
export function matchesPattern(pattern: string, text: string): boolean {
  let at = 0;
  let inText = 0;
  let star = -1;
  let retryFrom = 0;
  while (inText < text.length) {
    if (pattern[at] === "*") {
      star = at;
      retryFrom = inText;
      at += 1;
    } else if (pattern[at] === text[inText]) {
      at += 1;
      inText += 1;
    } else if (star >= 0) {
      // The last star takes one more character. Earlier ones need not change: what follows them has matched already.
      retryFrom += 1;
      inText = retryFrom;
      at = star + 1;
    } else return false;
  }
  return pattern.slice(at).replaceAll("*", "") === "";
}
